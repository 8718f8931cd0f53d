//! The function `subscribe`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::subscribe::use_case())
}
