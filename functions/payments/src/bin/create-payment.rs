//! The function `create-payment`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::create_payment::use_case())
}
