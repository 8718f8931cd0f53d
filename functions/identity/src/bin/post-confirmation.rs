//! The function `post-confirmation`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::post_confirmation::use_case())
}
