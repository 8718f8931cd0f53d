//! The function `export-payments-data`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::export_payments_data::use_case())
}
