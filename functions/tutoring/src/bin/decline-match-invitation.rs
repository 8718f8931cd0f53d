//! The function `decline-match-invitation`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::decline_match_invitation::use_case())
}
