//! The function `request-verification-changes`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::request_verification_changes::use_case())
}
