//! The function `delete-exports`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::delete_exports::use_case())
}
