//! The function `inspect-payment`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::inspect_payment::use_case())
}
