//! Finding tutors.

use jiff::Timestamp;
use lectern_domain::id::UserId;
use lectern_domain::text::Text;
use lectern_domain::time::Instant;
use lectern_domain::tutoring::profile::{Country, SubjectId};
use lectern_domain::tutoring::search::SearchWords;
use lectern_postgres::{Database, DbError, Json, Row, Type};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::tutors::rate;
use crate::views::TutorSummary;

/// Where a page ended. The moment of approval never changes, so a tutor who edits the profile between two pages
/// stays where they were: pages neither repeat nor miss anybody who matches all the while.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Position {
    /// When the last one was approved.
    #[serde(rename = "a")]
    pub approved_at: Instant,
    /// Who that was.
    #[serde(rename = "i")]
    pub id: UserId,
}

/// Up to `limit` listed tutors, the newest first, that come after `after`.
///
/// A query finds tutors who have, for each of its words, a word that begins so or is much like it in name,
/// headline or subjects (trigrams forgive a wrong letter).
pub async fn search(
    db: &Database,
    query: Option<&SearchWords>,
    subject: Option<&SubjectId>,
    after: Option<Position>,
    limit: u32,
) -> Result<Vec<(Position, TutorSummary)>, DbError> {
    let words = query.map_or(&[][..], SearchWords::as_slice);
    let sql = format!(
        "SELECT id, display_name, headline, country, languages, subjects, rate_amount, rate_currency, approved_at
         FROM tutors
         WHERE verification_status = 'approved'
           AND ($1::text IS NULL OR subject_ids @> ARRAY[$1::text])
           AND ($2::timestamptz IS NULL OR (approved_at, id) < ($2, $3::uuid))
           {}
         ORDER BY approved_at DESC, id DESC
         LIMIT $4",
        conditions(words.len())
    );
    // The words hold nothing but letters and digits, so quoting them is all that a tsquery needs.
    let prefixes: Vec<_> = words.iter().map(|word| format!("'{word}':*")).collect();
    let subject = subject.map(SubjectId::as_str);
    let (at, id): (Option<Timestamp>, Option<Uuid>) =
        (after.map(|p| p.approved_at.get()), after.map(|p| p.id.0));
    let limit = i64::from(limit);
    let params = [
        (&subject as _, Type::TEXT),
        (&at as _, Type::TIMESTAMPTZ),
        (&id as _, Type::UUID),
        (&limit as _, Type::INT8),
        (&prefixes as _, Type::TEXT_ARRAY),
        (&words as _, Type::TEXT_ARRAY),
    ];
    db.read(&sql, &params).await?.iter().map(found).collect()
}

/// One condition a word, not one over the array: each can then use the indexes.
fn conditions(words: usize) -> String {
    let each = (1..=words).map(|n| {
        format!("AND (search_vector @@ to_tsquery('simple', ($5::text[])[{n}]) OR ($6::text[])[{n}] <% search_words)")
    });
    each.collect::<Vec<_>>().join(" ")
}

fn found(row: &Row) -> Result<(Position, TutorSummary), DbError> {
    let id = UserId(row.try_get("id")?);
    let approved_at: Timestamp = row.try_get("approved_at")?;
    let summary = TutorSummary {
        tutor_id: id,
        display_name: Text::parse(row.try_get("display_name")?)?,
        headline: Text::parse(row.try_get("headline")?)?,
        country: Country::parse(row.try_get("country")?)?,
        languages: row.try_get::<_, Json<_>>("languages")?.0,
        subjects: row.try_get::<_, Json<_>>("subjects")?.0,
        hourly_rate: rate(row)?,
    };
    Ok((Position { approved_at: approved_at.into(), id }, summary))
}
