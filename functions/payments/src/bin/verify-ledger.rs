//! The function `verify-ledger`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::verify_ledger::use_case())
}
