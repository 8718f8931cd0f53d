//! The function `claim-verification`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::claim_verification::use_case())
}
