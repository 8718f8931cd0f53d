//! The function `settle-payouts`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::settle_payouts::use_case())
}
