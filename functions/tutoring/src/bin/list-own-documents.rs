//! The function `list-own-documents`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::list_own_documents::use_case())
}
