//! The function `resend-code`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::resend_code::use_case())
}
