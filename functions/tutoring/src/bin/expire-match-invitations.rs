//! The function `expire-match-invitations`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::expire_match_invitations::use_case())
}
