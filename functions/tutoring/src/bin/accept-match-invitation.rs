//! The function `accept-match-invitation`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::accept_match_invitation::use_case())
}
