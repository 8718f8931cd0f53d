//! The function `get-own-user`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::get_own_user::use_case())
}
