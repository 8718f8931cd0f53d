//! The function `migrate-booking`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_postgres::migrate::use_case::<lectern_booking::Booking>(
        "migrate-booking",
        lectern_booking::migrations,
    ))
}
