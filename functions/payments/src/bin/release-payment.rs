//! The function `release-payment`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::release_payment::use_case())
}
