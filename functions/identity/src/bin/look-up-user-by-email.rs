//! The function `look-up-user-by-email`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::look_up_user_by_email::use_case())
}
