//! The function `get-tax-form`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::get_tax_form::use_case())
}
