//! The function `list-verifications`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::list_verifications::use_case())
}
