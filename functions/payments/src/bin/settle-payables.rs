//! The function `settle-payables`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::settle_payables::use_case())
}
