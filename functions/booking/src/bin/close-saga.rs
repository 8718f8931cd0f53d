//! The function `close-saga`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_booking::steps::close_saga::use_case())
}
