//! The function `prepare-databases`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_platform::prepare_databases::use_case())
}
