//! The function `set-payout-schedule`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::set_payout_schedule::use_case())
}
