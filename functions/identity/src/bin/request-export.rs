//! The function `request-export`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::request_export::use_case())
}
