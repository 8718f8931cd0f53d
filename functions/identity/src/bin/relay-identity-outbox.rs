//! The function `relay-identity-outbox`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_postgres::relay::use_case::<lectern_identity::Identity>(
        "relay-identity-outbox",
        "RelayRate",
    ))
}
