//! The function `confirm-user`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::confirm_user::use_case())
}
