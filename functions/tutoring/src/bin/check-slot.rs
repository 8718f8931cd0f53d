//! The function `check-slot`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::check_slot::use_case())
}
