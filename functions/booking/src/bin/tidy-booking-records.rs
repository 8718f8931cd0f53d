//! The function `tidy-booking-records`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_postgres::tidy::use_case::<lectern_booking::Booking>("tidy-booking-records"))
}
