//! The function `complete-lesson`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_booking::complete_lesson::use_case())
}
