//! The function `get-export`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::get_export::use_case())
}
