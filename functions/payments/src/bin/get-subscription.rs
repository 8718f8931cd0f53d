//! The function `get-subscription`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::get_subscription::use_case())
}
