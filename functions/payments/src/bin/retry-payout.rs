//! The function `retry-payout`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::retry_payout::use_case())
}
