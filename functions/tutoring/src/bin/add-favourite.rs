//! The function `add-favourite`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::add_favourite::use_case())
}
