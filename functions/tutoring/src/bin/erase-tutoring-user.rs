//! The function `erase-tutoring-user`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::erase_tutoring_user::use_case())
}
