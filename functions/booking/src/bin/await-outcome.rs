//! The function `await-outcome`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_booking::steps::await_outcome::use_case())
}
