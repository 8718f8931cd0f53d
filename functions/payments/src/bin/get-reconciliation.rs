//! The function `get-reconciliation`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::get_reconciliation::use_case())
}
