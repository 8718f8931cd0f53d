//! The function `free-slot`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_booking::steps::free_slot::use_case())
}
