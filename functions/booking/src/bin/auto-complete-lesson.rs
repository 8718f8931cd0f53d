//! The function `auto-complete-lesson`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_booking::steps::auto_complete_lesson::use_case())
}
