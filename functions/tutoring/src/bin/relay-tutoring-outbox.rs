//! The function `relay-tutoring-outbox`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_postgres::relay::use_case::<lectern_tutoring::Tutoring>(
        "relay-tutoring-outbox",
        "RelayRate",
    ))
}
