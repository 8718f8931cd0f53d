//! The function `list-match-invitations`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::list_match_invitations::use_case())
}
