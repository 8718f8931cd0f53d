//! The function `cancel-subscription`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::cancel_subscription::use_case())
}
