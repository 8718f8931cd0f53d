//! The function `custom-message`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::custom_message::use_case())
}
