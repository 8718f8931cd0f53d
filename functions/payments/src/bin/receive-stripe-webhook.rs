//! The function `receive-stripe-webhook`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::receive_stripe_webhook::use_case())
}
