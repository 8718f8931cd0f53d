//! The function `get-own-verification`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::get_own_verification::use_case())
}
