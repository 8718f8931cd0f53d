//! The function `add-availability-override`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::add_availability_override::use_case())
}
