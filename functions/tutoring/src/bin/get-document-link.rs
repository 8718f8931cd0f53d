//! The function `get-document-link`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::get_document_link::use_case())
}
