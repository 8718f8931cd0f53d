//! The function `total-tax-years`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::total_tax_years::use_case())
}
