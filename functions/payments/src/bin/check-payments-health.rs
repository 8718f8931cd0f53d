//! The function `check-payments-health`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_postgres::health::use_case::<lectern_payments::Payments>(
        "check-payments-health",
    ))
}
