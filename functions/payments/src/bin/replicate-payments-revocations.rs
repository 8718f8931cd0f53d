//! The function `replicate-payments-revocations`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_postgres::revocations::use_case::<lectern_payments::Payments>(
        "replicate-payments-revocations",
    ))
}
