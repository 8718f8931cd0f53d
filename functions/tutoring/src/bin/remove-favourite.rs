//! The function `remove-favourite`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::remove_favourite::use_case())
}
