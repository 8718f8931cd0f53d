//! The function `get-payment-receipt`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::get_payment_receipt::use_case())
}
