//! The function `get-tutor`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::get_tutor::use_case())
}
