//! The function `build-export`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::build_export::use_case())
}
