//! The function `park-saga`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_booking::steps::park_saga::use_case())
}
