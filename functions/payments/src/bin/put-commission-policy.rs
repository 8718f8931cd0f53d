//! The function `put-commission-policy`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::put_commission_policy::use_case())
}
