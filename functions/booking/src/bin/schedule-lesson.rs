//! The function `schedule-lesson`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_booking::steps::schedule_lesson::use_case())
}
