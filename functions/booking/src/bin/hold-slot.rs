//! The function `hold-slot`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_booking::steps::hold_slot::use_case())
}
