//! The function `get-commission-policy`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::get_commission_policy::use_case())
}
