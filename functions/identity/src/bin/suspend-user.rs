//! The function `suspend-user`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::suspend_user::use_case())
}
