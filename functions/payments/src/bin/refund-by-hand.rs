//! The function `refund-by-hand`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::refund_by_hand::use_case())
}
