//! The function `list-payouts`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::list_payouts::use_case())
}
