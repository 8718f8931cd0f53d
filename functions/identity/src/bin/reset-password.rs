//! The function `reset-password`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::reset_password::use_case())
}
