//! The function `get-health`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_platform::get_health::use_case())
}
