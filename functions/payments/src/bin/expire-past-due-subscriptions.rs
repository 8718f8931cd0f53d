//! The function `expire-past-due-subscriptions`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::expire_past_due_subscriptions::use_case())
}
