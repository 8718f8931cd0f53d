//! The function `relay-payments-outbox`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_postgres::relay::use_case::<lectern_payments::Payments>(
        "relay-payments-outbox",
        "RelayRate",
    ))
}
