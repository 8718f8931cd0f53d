//! The function `migrate-payments`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_postgres::migrate::use_case::<lectern_payments::Payments>(
        "migrate-payments",
        lectern_payments::migrations,
    ))
}
