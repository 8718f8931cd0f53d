//! The function `ensure-billing-catalogue`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::ensure_billing_catalogue::use_case())
}
