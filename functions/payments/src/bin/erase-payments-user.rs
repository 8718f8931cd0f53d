//! The function `erase-payments-user`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::erase_payments_user::use_case())
}
