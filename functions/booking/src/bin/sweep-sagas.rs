//! The function `sweep-sagas`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_booking::sweep_sagas::use_case())
}
