//! The function `get-payout-statement`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::get_payout_statement::use_case())
}
