//! The function `list-favourites`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::list_favourites::use_case())
}
