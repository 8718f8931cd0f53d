//! The function `sweep-stuck-payments`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::sweep_stuck_payments::use_case())
}
