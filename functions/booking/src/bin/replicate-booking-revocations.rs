//! The function `replicate-booking-revocations`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_postgres::revocations::use_case::<lectern_booking::Booking>(
        "replicate-booking-revocations",
    ))
}
