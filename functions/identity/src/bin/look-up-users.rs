//! The function `look-up-users`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::look_up_users::use_case())
}
