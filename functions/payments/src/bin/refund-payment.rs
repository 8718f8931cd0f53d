//! The function `refund-payment`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::refund_payment::use_case())
}
