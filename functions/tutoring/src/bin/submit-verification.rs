//! The function `submit-verification`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::submit_verification::use_case())
}
