//! The function `announce-photo`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::announce_photo::use_case())
}
