//! The function `cancel-payment`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::cancel_payment::use_case())
}
