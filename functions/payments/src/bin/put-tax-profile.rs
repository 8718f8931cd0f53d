//! The function `put-tax-profile`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::put_tax_profile::use_case())
}
