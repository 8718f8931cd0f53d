//! The function `become-tutor`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::become_tutor::use_case())
}
