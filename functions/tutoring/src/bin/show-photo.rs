//! The function `show-photo`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::show_photo::use_case())
}
