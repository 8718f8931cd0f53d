//! The function `decide-consent`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::decide_consent::use_case())
}
