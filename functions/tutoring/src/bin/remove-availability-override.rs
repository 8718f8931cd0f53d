//! The function `remove-availability-override`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::remove_availability_override::use_case())
}
