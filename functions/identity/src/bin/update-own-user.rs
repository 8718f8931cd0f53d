//! The function `update-own-user`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::update_own_user::use_case())
}
