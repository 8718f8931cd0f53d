//! The function `list-payments`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::list_payments::use_case())
}
