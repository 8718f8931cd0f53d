//! The function `export-booking-data`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_booking::export_booking_data::use_case())
}
