//! The function `erase-own-user`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::erase_own_user::use_case())
}
