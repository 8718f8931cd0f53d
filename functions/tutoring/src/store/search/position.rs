//! Where a page of a search ended.

use lectern_domain::id::UserId;
use lectern_domain::time::Instant;
use lectern_domain::tutoring::search::TutorSort;
use lectern_postgres::{DbError, Row};
use serde::{Deserialize, Serialize};

/// Longest snapshot that a cursor carries, in characters.
const SNAPSHOT_LENGTH_MAX: usize = 400;

/// Where a page ended, and what its first page saw: later pages look at the tutors as they were then, so they neither
/// repeat nor miss anybody, whoever changes meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The order of the pages.
    #[serde(rename = "o")]
    pub sort: TutorSort,
    /// Whether there were many: then the words don't count for the order.
    #[serde(rename = "b")]
    pub broad: bool,
    /// When the first page was read.
    #[serde(rename = "t")]
    pub began_at: Instant,
    /// PostgreSQL's snapshot of the first page.
    #[serde(rename = "s")]
    pub snapshot: Snapshot,
    /// Score or price of the last tutor.
    #[serde(rename = "k")]
    pub key: i32,
    /// When that tutor was approved.
    #[serde(rename = "a")]
    pub listed_at: Instant,
    /// Who that is.
    #[serde(rename = "i")]
    pub id: UserId,
}

/// A `pg_snapshot` that PostgreSQL will take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Snapshot(String);

impl TryFrom<String> for Snapshot {
    type Error = String;

    /// `xmin:xmax:` and the running transactions between those, in order.
    fn try_from(text: String) -> Result<Self, String> {
        let number = |part: &str| part.parse::<u64>().ok().filter(|n| *n > 0 && *n < 1 << 62);
        let mut parts = text.split(':');
        let (xmin, xmax, list) = (parts.next().and_then(number), parts.next().and_then(number), parts.next());
        let (Some(xmin), Some(xmax), Some(list), None) = (xmin, xmax, list, parts.next()) else {
            return Err("not a snapshot".to_owned());
        };
        let running: Option<Vec<u64>> = match list {
            "" => Some(Vec::new()),
            list => list.split(',').map(number).collect(),
        };
        let running = running.unwrap_or_else(|| vec![0]);
        let inside = running.iter().all(|xid| (xmin..xmax).contains(xid));
        if xmin <= xmax && inside && running.is_sorted() {
            Ok(Self(text))
        } else {
            Err("not a snapshot".to_owned())
        }
    }
}

impl From<Snapshot> for String {
    fn from(snapshot: Snapshot) -> Self {
        snapshot.0
    }
}

impl Snapshot {
    /// The snapshot of this statement. With hundreds of transactions at work it would not fit into a cursor; then what those
    /// change counts as changed later.
    pub(super) fn of(row: &Row) -> Result<Self, DbError> {
        let whole: String = row.try_get("snapshot")?;
        let text = if whole.len() <= SNAPSHOT_LENGTH_MAX {
            whole
        } else {
            let xmin: &str = row.try_get("xmin")?;
            format!("{xmin}:{xmin}:")
        };
        Self::try_from(text).map_err(DbError::Stored)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_postgresql_takes_is_a_snapshot() {
        for good in ["10:20:", "10:20:10,14,19", "10:10:"] {
            assert!(Snapshot::try_from(good.to_owned()).is_ok(), "{good}");
        }
        let wrong = [
            "",
            "10",
            "10:20",
            "20:10:",
            "10:20:20",
            "10:20:14,12",
            "10:20:,",
            "0:1:",
            "a:b:c",
            "1:2:::",
            "10:20:9",
            "18446744073709551615:18446744073709551615:",
        ];
        for wrong in wrong {
            assert!(Snapshot::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
