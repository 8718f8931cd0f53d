//! What a context holds on one person, in pages: the answer of `GET /internal/<context>/users/{userId}/data`,
//! out of which `identity` makes a person's export (product.md, Privacy).
//!
//! A context gives one query for everything ([`page`]); here it is cut into pages that a function can hold
//! and Lambda can answer with, however much there is. An item `summary` may come first: a list of sentences
//! for people.

use deserr::Deserr;
use lectern_domain::field::FieldErrors;
use lectern_domain::id::UserId;
use lectern_domain::page::{Cursor, CursorPage};
use lectern_runtime::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_postgres::types::{Json, Type};

use crate::database::{Database, DbError};

/// The kind of the item that tells the rest in words.
pub const SUMMARY: &str = "summary";
/// Bytes of data on a page; a page has one item at least, however large. Lambda answers with 6 MB at most.
const PAGE_BYTES: i64 = 1_000_000;
/// Items on a page.
const PAGE_ITEMS: i64 = 5_000;

/// Whose data.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct HeldPath {
    /// The person.
    pub user_id: UserId,
}

/// Which page of it.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = FieldErrors, rename_all = camelCase, deny_unknown_fields)]
#[schemars(rename_all = "camelCase")]
pub struct HeldQuery {
    /// `nextCursor` of the page before.
    #[deserr(default)]
    #[schemars(default)]
    pub cursor: Option<Cursor>,
}

/// One thing that is held.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    /// What it is: `lesson`.
    pub kind: String,
    /// What is held.
    pub data: Value,
}

/// Where a page ended.
#[derive(Serialize, Deserialize)]
struct Position {
    #[serde(rename = "p")]
    part: i32,
    #[serde(rename = "k")]
    key: String,
}

/// The page after `cursor` of what `sql` gives: rows of `part` (integer), `key` (text), `kind` (text), `data`
/// (jsonb), for the person `$1`. Part and key together are unique, and the order of the pages; a part is 0 or
/// more. It is a query of the caller's store, never made of anybody's input.
pub async fn page(
    db: &Database,
    sql: &str,
    user: UserId,
    cursor: Option<&Cursor>,
) -> Result<CursorPage<Held>, Problem> {
    let after = cursor.map(Cursor::position::<Position>).transpose();
    let after = after.map_err(|e| FieldErrors::one("cursor", e.0))?;
    let after = after.unwrap_or(Position { part: -1, key: String::new() });
    Ok(read(db, sql, user, &after).await?)
}

async fn read(db: &Database, sql: &str, user: UserId, after: &Position) -> Result<CursorPage<Held>, DbError> {
    let sql = format!(
        "WITH held AS ({sql}),
        next AS (
            SELECT part, key, kind, data FROM held WHERE (part, key) > ($2, $3) ORDER BY part, key LIMIT $4
        ), measured AS (
            SELECT *, row_number() OVER (ORDER BY part, key) AS nth,
                   sum(octet_length(data::text)) OVER (ORDER BY part, key) AS bytes
            FROM next
        )
        SELECT part, key, kind, data, (SELECT count(*) FROM next) AS known FROM measured
        WHERE nth = 1 OR (nth < $4 AND bytes <= $5) ORDER BY part, key"
    );
    let params = [
        (&user.0 as _, Type::UUID),
        (&after.part as _, Type::INT4),
        (&after.key as _, Type::TEXT),
        (&(PAGE_ITEMS + 1) as _, Type::INT8),
        (&PAGE_BYTES as _, Type::INT8),
    ];
    let rows = db.read(&sql, &params).await?;
    let mut items = Vec::with_capacity(rows.len());
    for row in &rows {
        items.push(Held { kind: row.try_get("kind")?, data: row.try_get::<_, Json<Value>>("data")?.0 });
    }
    let mut next_cursor = None;
    if let Some(last) = rows.last() {
        let known = usize::try_from(last.try_get::<_, i64>("known")?).unwrap_or_default();
        let position = Position { part: last.try_get("part")?, key: last.try_get("key")? };
        next_cursor = (known > rows.len()).then(|| Cursor::at(&position));
    }
    Ok(CursorPage { items, next_cursor })
}

/// Puts sentences in the place of the facts in the item `summary`, if the page has one; without a sentence
/// the item goes.
pub fn in_words(page: &mut CursorPage<Held>, words: impl FnOnce(&Value) -> Vec<String>) {
    if let Some(at) = page.items.iter().position(|item| item.kind == SUMMARY) {
        let sentences = words(&page.items[at].data);
        if sentences.is_empty() {
            page.items.remove(at);
        } else {
            page.items[at].data = sentences.into();
        }
    }
}
