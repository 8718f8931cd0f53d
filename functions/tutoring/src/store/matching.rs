//! The table `match_requests`, and whom a request can find.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lectern_domain::id::{InvitationId, MatchRequestId, UserId};
use lectern_domain::text::Line;
use lectern_domain::tutoring::availability::Availability;
use lectern_domain::tutoring::catalogue::{Catalogue, Subject, SubjectEntry};
use lectern_domain::tutoring::matching::{
    Candidate, Invitation, InvitationStatus, Match, MatchRequest, Wish,
};
use lectern_domain::tutoring::policy::MATCH_CANDIDATES_MAX;
use lectern_domain::tutoring::profile::SubjectId;
use lectern_postgres::idempotency::Stored;
use lectern_postgres::{Database, DbError, Json, Row, Type, first_answer};
use lectern_runtime::http::IdempotencyKey;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::search::summary;
use super::standings::standing;
use super::tutors::{id, profile};
use crate::views::TutorSummary;

/// What a request is answered from.
#[derive(Debug)]
pub struct Material {
    /// The first answer to the key, if there was one.
    pub first_answer: Stored,
    /// The skill graph.
    pub catalogue: Catalogue,
    /// Tutors to be weighed.
    pub candidates: Vec<Candidate>,
}

/// A subject as the statement gives it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SubjectRow {
    id: SubjectId,
    name: Line<60>,
    other_names: Vec<Line<60>>,
    part_of: Vec<SubjectId>,
    requires: Vec<SubjectId>,
    related_to: Vec<SubjectId>,
}

/// The first answer to the key, the catalogue, and who can be weighed: listed tutors of the subject, its
/// parts, what it needs, what it is related to, and what it is a part of; of those at most
/// [`MATCH_CANDIDATES_MAX`], the best by subject, level, language, budget, then rating.
pub async fn material(
    db: &Database,
    student: UserId,
    use_case: &str,
    key: &IdempotencyKey,
    wish: &Wish,
) -> Result<Material, DbError> {
    let subject = wish.subject.as_str();
    let (whole, level) = (format!("'s:{subject}'"), format!("'s:{subject}@{}'", wish.level));
    let languages: Vec<String> =
        wish.languages.as_slice().iter().map(|tag| format!("'g:{}'", tag.language())).collect();
    let languages = languages.join(" | ");
    let budget = wish.budget.get();
    let (currency, amount) = (budget.currency.as_str(), i32::try_from(budget.amount).unwrap_or(i32::MAX));
    let (caller, limit) = (student.to_string(), i64::from(MATCH_CANDIDATES_MAX));
    let params = [
        (&student.0 as _, Type::UUID),
        (&caller as _, Type::TEXT),
        (&use_case as _, Type::TEXT),
        (&key.key as _, Type::TEXT),
        (&subject as _, Type::TEXT),
        (&whole as _, Type::TEXT),
        (&level as _, Type::TEXT),
        (&languages as _, Type::TEXT),
        (&currency as _, Type::TEXT),
        (&amount as _, Type::INT4),
        (&limit as _, Type::INT8),
    ];
    let rows = db.read(&statement(), &params).await?;
    let mut material =
        Material { first_answer: None, catalogue: Catalogue::new(0, []), candidates: Vec::new() };
    for row in &rows {
        // On the first row only: it is as long as all the rest.
        if let Some(Json(subjects)) = row.try_get::<_, Option<Json<Vec<SubjectRow>>>>("catalogue")? {
            material.catalogue = Catalogue::new(0, subjects.into_iter().map(subject_of));
            material.first_answer = row.try_get("first_answer")?;
        }
        if id::<UserId>(row, "id")?.is_some() {
            material.candidates.push(candidate(row)?);
        }
    }
    Ok(material)
}

/// Tutors, by what the row of the search has for them. Several small selections, each of which an index has
/// in order or finds few of; together they are more than are weighed, and of those the best are taken.
///
/// Whoever teaches only a whole of the subject has no tag that says so, because a part brings the tags of its
/// wholes: that is asked of `tutors.subject_ids`, of the best of the whole.
fn statement() -> String {
    let row = "s.tutor_id, s.quality, 8 * (s.tags @@ $6::tsquery)::int + 4 * (s.tags @@ $7::tsquery)::int
               + 2 * (s.tags @@ $8::tsquery)::int + (s.currency = $9 AND s.price <= $10)::int AS fit";
    let best = "ORDER BY s.quality DESC, s.listed_at DESC, s.tutor_id DESC";
    let listed = "FROM tutor_search s WHERE s.ended_by IS NULL AND s.tutor_id <> $1";
    let (subject, level, language, price, near) = (
        "s.tags @@ $6::tsquery",
        "s.tags @@ $7::tsquery",
        "s.tags @@ $8::tsquery",
        "s.currency = $9 AND s.price <= $10",
        "s.tags @@ match_near_tags($5)",
    );
    let selections = [
        format!("{level} AND {language} AND {price} {best} LIMIT $11"),
        format!("{level} AND {language} {best} LIMIT $11 / 2"),
        format!("{subject} AND {language} AND {price} {best} LIMIT $11 / 2"),
        format!("{subject} {best} LIMIT $11 / 2"),
        format!("{near} AND {language} AND {price} {best} LIMIT $11 / 4"),
        format!("{near} {best} LIMIT $11 / 4"),
    ]
    .map(|selection| format!("(SELECT {row} {listed} AND {selection})"))
    .join(" UNION ");
    let wholes = format!(
        "(SELECT {row} FROM (SELECT s.* {listed} AND s.tags @@ match_whole_tags($5) {best} LIMIT $11 * 5) s
          JOIN tutors t ON t.id = s.tutor_id AND t.subject_ids && match_wholes($5) {best} LIMIT $11 / 2)"
    );
    format!(
        "WITH picked AS MATERIALIZED (
             SELECT tutor_id, row_number() OVER (ORDER BY fit DESC, quality DESC, tutor_id) AS place
             FROM ({selections} UNION {wholes}) found ORDER BY place LIMIT $11
         ) {WEIGHED}"
    )
}

/// What is read of those who are picked; with the first of them, or alone, what is read once.
const WEIGHED: &str = concat!(
    "SELECT t.id, t.display_name, t.headline, t.bio, t.time_zone, t.country, t.languages, t.subjects, t.rate_amount,
            t.rate_currency, t.trial_amount, t.video_url, t.availability, t.overrides, t.rating_sum, t.rating_count,
            st.lessons_taught, st.response_minutes, st.badge_awarded_at,
            CASE WHEN picked.place IS NULL OR picked.place = 1 THEN ",
    first_answer!("$2", "$3", "$4"),
    " END AS first_answer,
            CASE WHEN picked.place IS NULL OR picked.place = 1 THEN (
                SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'id', s.id, 'name', s.name, 'otherNames', s.other_names, 'partOf', coalesce(r.part_of, '{}'),
                    'requires', coalesce(r.requires, '{}'), 'relatedTo', coalesce(r.related_to, '{}'))), '[]')
                FROM subjects s LEFT JOIN (
                    SELECT subject_id, array_agg(other_id) FILTER (WHERE relation = 'part_of') AS part_of,
                           array_agg(other_id) FILTER (WHERE relation = 'requires') AS requires,
                           array_agg(other_id) FILTER (WHERE relation = 'related') AS related_to
                    FROM (SELECT subject_id, relation, other_id FROM subject_relations
                          UNION ALL
                          SELECT other_id, relation, subject_id FROM subject_relations WHERE relation = 'related'
                    ) both_ways GROUP BY subject_id
                ) r ON r.subject_id = s.id) END AS catalogue
     FROM (VALUES (1)) one LEFT JOIN picked ON true
     LEFT JOIN tutors t ON t.id = picked.tutor_id AND t.verification_status = 'approved' AND t.active
     LEFT JOIN tutor_standings st ON st.tutor_id = t.id
     ORDER BY picked.place"
);

fn subject_of(row: SubjectRow) -> Subject {
    let SubjectRow { id, name, other_names, part_of, requires, related_to } = row;
    Subject { id, entry: SubjectEntry { name, other_names, part_of, requires, related_to } }
}

fn candidate(row: &Row) -> Result<Candidate, DbError> {
    let availability: Option<Json<Availability>> = row.try_get("availability")?;
    Ok(Candidate {
        id: UserId(row.try_get("id")?),
        profile: profile(row)?,
        availability: availability.map(|Json(availability)| availability),
        overrides: row.try_get::<_, Json<_>>("overrides")?.0,
        standing: standing(row)?,
    })
}

/// Puts a new request in, with the first answer to its key.
pub async fn insert(
    db: &Database,
    request: &MatchRequest,
    use_case: &str,
    key: &IdempotencyKey,
    answer: &Value,
) -> Result<(), DbError> {
    let sql = "
        WITH put AS (
            INSERT INTO match_requests (id, student_id, wish, matches, sequence, created_at)
            VALUES ($1, $2, $3, $4, $5, $6) RETURNING 1
        )
        SELECT idempotency_put($7, $8, $9, $10, $11) FROM put";
    let (wish, matches) = (Json(&request.wish), Json(&request.matches));
    let (caller, print, answer) = (request.student_id.to_string(), key.fingerprint.as_slice(), Json(answer));
    let params = [
        (&request.id.0 as _, Type::UUID),
        (&request.student_id.0 as _, Type::UUID),
        (&wish as _, Type::JSONB),
        (&matches as _, Type::JSONB),
        (&request.sequence as _, Type::INT8),
        (&request.created_at as _, Type::TIMESTAMPTZ),
        (&caller as _, Type::TEXT),
        (&use_case as _, Type::TEXT),
        (&key.key as _, Type::TEXT),
        (&print as _, Type::BYTEA),
        (&answer as _, Type::JSONB),
    ];
    db.write(sql, &params).await.map(drop)
}

/// A request, and those of its tutors who are listed now.
#[derive(Debug)]
pub struct Kept {
    /// The request.
    pub request: MatchRequest,
    /// What students see of the tutors.
    pub tutors: BTreeMap<UserId, TutorSummary>,
}

/// The student's own request with this id, and, when a key is given, the first answer to it.
pub async fn by_id(
    db: &Database,
    student: UserId,
    request: MatchRequestId,
    key: Option<(&str, &IdempotencyKey)>,
) -> Result<(Option<Kept>, Stored), DbError> {
    let sql = concat!(
        "SELECT r.id AS request_id, r.wish, r.matches, r.sequence, r.created_at, each.tutor_id,
                t.id, t.display_name, t.headline, t.country, t.languages, t.subjects, t.rate_amount, t.rate_currency,
                t.rating_sum, t.rating_count, st.lessons_taught, st.response_minutes, st.badge_awarded_at,
                i.id AS invitation_id, i.status, i.invited_at, i.expires_at, i.answered_at,
                i.sequence AS invitation_sequence, ",
        first_answer!("$3", "$4", "$5"),
        " AS first_answer
         FROM (VALUES (1)) one
         LEFT JOIN match_requests r ON r.id = $1 AND r.student_id = $2
         LEFT JOIN LATERAL (
             SELECT (found ->> 'tutorId')::uuid AS tutor_id, place
             FROM jsonb_array_elements(r.matches) WITH ORDINALITY AS all_found (found, place)
         ) each ON true
         LEFT JOIN tutors t ON t.id = each.tutor_id AND t.verification_status = 'approved' AND t.active
         LEFT JOIN tutor_standings st ON st.tutor_id = t.id
         LEFT JOIN match_invitations i ON i.match_request_id = r.id AND i.tutor_id = each.tutor_id
         ORDER BY each.place"
    );
    let caller = student.to_string();
    let (use_case, key) = (key.map(|(name, _)| name), key.map(|(_, key)| key.key.as_str()));
    let params = [
        (&request.0 as _, Type::UUID),
        (&student.0 as _, Type::UUID),
        (&caller as _, Type::TEXT),
        (&use_case as _, Type::TEXT),
        (&key as _, Type::TEXT),
    ];
    let rows = db.read(sql, &params).await?;
    let Some(first) = rows.first() else { return Ok((None, None)) };
    let stored = first.try_get("first_answer")?;
    if id::<MatchRequestId>(first, "request_id")?.is_none() {
        return Ok((None, stored));
    }
    let Json(wish) = first.try_get::<_, Json<Wish>>("wish")?;
    let Json(matches) = first.try_get::<_, Json<Vec<Match>>>("matches")?;
    let mut request = MatchRequest::new(request, student, wish, matches, first.try_get("created_at")?);
    request.sequence = first.try_get("sequence")?;
    let mut tutors = BTreeMap::new();
    for row in &rows {
        if let Some(id) = id::<UserId>(row, "id")? {
            tutors.insert(id, summary(row)?);
        }
        request.invitations.extend(invitation(row, &request)?);
    }
    Ok((Some(Kept { request, tutors }), stored))
}

/// The invitation on a row of [`by_id`], if there is one.
fn invitation(row: &Row, request: &MatchRequest) -> Result<Option<Invitation>, DbError> {
    let Some(id) = row.try_get::<_, Option<Uuid>>("invitation_id")? else { return Ok(None) };
    Ok(Some(Invitation {
        id: InvitationId(id),
        match_request_id: request.id,
        student_id: request.student_id,
        tutor_id: UserId(row.try_get("tutor_id")?),
        subject: request.wish.subject.clone(),
        status: InvitationStatus::parse(row.try_get("status")?)?,
        invited_at: row.try_get::<_, Timestamp>("invited_at")?,
        expires_at: row.try_get("expires_at")?,
        answered_at: row.try_get("answered_at")?,
        sequence: row.try_get("invitation_sequence")?,
    }))
}
