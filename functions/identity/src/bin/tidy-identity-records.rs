//! The function `tidy-identity-records`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_postgres::tidy::use_case::<lectern_identity::Identity>(
        "tidy-identity-records",
    ))
}
