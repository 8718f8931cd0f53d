//! The function `cancel-lesson`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_booking::cancel_lesson::use_case())
}
