//! The function `set-up-payment-method`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::set_up_payment_method::use_case())
}
