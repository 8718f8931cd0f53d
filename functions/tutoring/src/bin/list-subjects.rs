//! The function `list-subjects`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::list_subjects::use_case())
}
