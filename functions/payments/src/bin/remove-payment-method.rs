//! The function `remove-payment-method`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::remove_payment_method::use_case())
}
