//! The function `put-busy-calendar`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::put_busy_calendar::use_case())
}
