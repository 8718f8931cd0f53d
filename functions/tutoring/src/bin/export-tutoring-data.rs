//! The function `export-tutoring-data`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_tutoring::export_tutoring_data::use_case())
}
