//! The function `roll-free-times`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::roll_free_times::use_case())
}
