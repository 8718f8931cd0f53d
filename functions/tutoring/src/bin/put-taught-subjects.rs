//! The function `put-taught-subjects`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::put_taught_subjects::use_case())
}
