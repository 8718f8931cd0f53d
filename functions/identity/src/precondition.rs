//! `If-Match`: the version that a change was made for.

use lectern_runtime::{Problem, problem};

/// Where others may change the same thing, a change names the version that it is for (428, 412).
pub fn required(if_match: Option<i64>, present: i64) -> Result<(), Problem> {
    if if_match.is_none() {
        return Err(Problem::new(&problem::PRECONDITION_REQUIRED)
            .detail("Send the ETag of the version that you change as If-Match."));
    }
    looked_at(if_match, present)
}

/// Where the present state decides anyway, the version is looked at when it is sent (412).
pub fn looked_at(if_match: Option<i64>, present: i64) -> Result<(), Problem> {
    match if_match {
        Some(seen) if seen != present => Err(Problem::new(&problem::PRECONDITION_FAILED)),
        _ => Ok(()),
    }
}
