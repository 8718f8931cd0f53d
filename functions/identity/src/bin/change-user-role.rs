//! The function `change-user-role`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::change_user_role::use_case())
}
