//! The function `migrate-identity`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_postgres::migrate::use_case::<lectern_identity::Identity>(
        "migrate-identity",
        lectern_identity::migrations,
    ))
}
