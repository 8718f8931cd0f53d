//! The function `tidy-payments-records`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_postgres::tidy::use_case::<lectern_payments::Payments>(
        "tidy-payments-records",
    ))
}
