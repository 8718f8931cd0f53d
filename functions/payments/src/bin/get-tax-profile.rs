//! The function `get-tax-profile`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::get_tax_profile::use_case())
}
