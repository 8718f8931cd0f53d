//! The function `refresh-busy-calendars`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::refresh_busy_calendars::use_case())
}
