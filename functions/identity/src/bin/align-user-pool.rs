//! The function `align-user-pool`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::align_user_pool::use_case())
}
