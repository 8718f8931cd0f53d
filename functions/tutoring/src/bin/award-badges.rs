//! The function `award-badges`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::award_badges::use_case())
}
