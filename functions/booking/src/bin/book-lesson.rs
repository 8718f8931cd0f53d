//! The function `book-lesson`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_booking::book_lesson::use_case())
}
