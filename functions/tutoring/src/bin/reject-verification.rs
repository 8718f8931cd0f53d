//! The function `reject-verification`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::reject_verification::use_case())
}
