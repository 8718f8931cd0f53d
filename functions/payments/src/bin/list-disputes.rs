//! The function `list-disputes`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::list_disputes::use_case())
}
