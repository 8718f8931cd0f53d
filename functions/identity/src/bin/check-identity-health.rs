//! The function `check-identity-health`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_postgres::health::use_case::<lectern_identity::Identity>(
        "check-identity-health",
    ))
}
