//! The function `remove-document`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::remove_document::use_case())
}
