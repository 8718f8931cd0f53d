//! The function `reconcile-ledger`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::reconcile_ledger::use_case())
}
