//! The function `relay-booking-outbox`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_postgres::relay::use_case::<lectern_booking::Booking>(
        "relay-booking-outbox",
        "RelayRate",
    ))
}
