//! The function `list-tax-forms`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::list_tax_forms::use_case())
}
