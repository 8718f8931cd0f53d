//! The function `get-earnings`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::get_earnings::use_case())
}
