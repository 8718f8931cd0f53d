//! The function `list-payment-methods`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::list_payment_methods::use_case())
}
