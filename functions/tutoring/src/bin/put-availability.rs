//! The function `put-availability`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::put_availability::use_case())
}
