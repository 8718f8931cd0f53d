//! The function `get-match-request`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::get_match_request::use_case())
}
