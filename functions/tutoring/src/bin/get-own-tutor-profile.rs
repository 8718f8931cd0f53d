//! The function `get-own-tutor-profile`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::get_own_tutor_profile::use_case())
}
