//! The function `remove-busy-calendar`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::remove_busy_calendar::use_case())
}
