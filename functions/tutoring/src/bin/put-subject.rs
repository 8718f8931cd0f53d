//! The function `put-subject`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::put_subject::use_case())
}
