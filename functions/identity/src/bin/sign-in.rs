//! The function `sign-in`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::sign_in::use_case())
}
