//! The function `give-dispute-evidence`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::give_dispute_evidence::use_case())
}
