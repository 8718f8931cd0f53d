//! The function `list-lessons`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_booking::list_lessons::use_case())
}
