//! The function `look-up-user`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::look_up_user::use_case())
}
