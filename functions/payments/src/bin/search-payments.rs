//! The function `search-payments`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::search_payments::use_case())
}
