//! The function `release-by-hand`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_payments::release_by_hand::use_case())
}
