//! The function `erase-booking-user`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_booking::erase_booking_user::use_case())
}
