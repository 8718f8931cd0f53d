//! The function `receive-stripe-connect-webhook`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::receive_stripe_connect_webhook::use_case())
}
