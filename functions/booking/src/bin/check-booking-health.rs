//! The function `check-booking-health`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_postgres::health::use_case::<lectern_booking::Booking>(
        "check-booking-health",
    ))
}
