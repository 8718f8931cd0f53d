//! The function `get-revenue`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::get_revenue::use_case())
}
