//! The function `open-payout-account`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::open_payout_account::use_case())
}
