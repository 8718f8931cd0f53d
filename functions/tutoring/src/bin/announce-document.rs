//! The function `announce-document`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::announce_document::use_case())
}
