//! The function `put-tutor-profile`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::put_tutor_profile::use_case())
}
