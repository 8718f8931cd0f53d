//! The function `get-own-availability`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::get_own_availability::use_case())
}
