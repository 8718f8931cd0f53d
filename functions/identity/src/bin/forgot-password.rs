//! The function `forgot-password`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::forgot_password::use_case())
}
