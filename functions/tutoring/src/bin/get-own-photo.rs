//! The function `get-own-photo`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::get_own_photo::use_case())
}
