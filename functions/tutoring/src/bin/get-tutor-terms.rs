//! The function `get-tutor-terms`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::get_tutor_terms::use_case())
}
