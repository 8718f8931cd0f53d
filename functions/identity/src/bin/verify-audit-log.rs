//! The function `verify-audit-log`.

fn main() -> Result<(), lectern_runtime::Error> {
    lectern_runtime::run(lectern_identity::verify_audit_log::use_case())
}
