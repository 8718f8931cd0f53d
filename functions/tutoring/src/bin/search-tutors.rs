//! The function `search-tutors`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::search_tutors::use_case())
}
