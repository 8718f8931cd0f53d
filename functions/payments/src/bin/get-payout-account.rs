//! The function `get-payout-account`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::get_payout_account::use_case())
}
