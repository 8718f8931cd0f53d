//! The function `resume-saga`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_booking::resume_saga::use_case())
}
