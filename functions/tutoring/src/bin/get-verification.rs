//! The function `get-verification`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::get_verification::use_case())
}
