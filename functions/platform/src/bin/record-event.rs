//! The function `record-event`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_platform::record_event::use_case())
}
