//! The function `sign-out`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::sign_out::use_case())
}
