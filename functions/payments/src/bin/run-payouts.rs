//! The function `run-payouts`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::run_payouts::use_case())
}
