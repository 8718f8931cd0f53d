//! The function `record-audit-entries`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::record_audit_entries::use_case())
}
