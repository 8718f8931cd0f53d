//! The function `inspect-upload`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::inspect_upload::use_case())
}
