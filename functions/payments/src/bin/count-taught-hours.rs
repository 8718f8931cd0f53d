//! The function `count-taught-hours`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::count_taught_hours::use_case())
}
