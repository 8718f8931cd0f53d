//! The function `get-lesson`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_booking::get_lesson::use_case())
}
