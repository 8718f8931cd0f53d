//! The function `invite-tutors`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::invite_tutors::use_case())
}
