//! The function `list-audit-log`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::list_audit_log::use_case())
}
