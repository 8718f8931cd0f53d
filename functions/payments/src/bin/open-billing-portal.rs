//! The function `open-billing-portal`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::open_billing_portal::use_case())
}
