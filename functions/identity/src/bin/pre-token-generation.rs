//! The function `pre-token-generation`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::pre_token_generation::use_case())
}
