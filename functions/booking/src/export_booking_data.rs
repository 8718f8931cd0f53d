//! `GET /internal/booking/users/{userId}/data`: what `identity` puts into a person's export.

use lectern_domain::page::CursorPage;
use lectern_domain::time::Instant;
use lectern_postgres::held::{Held, HeldPath, HeldQuery, in_words, page};
use lectern_runtime::{Answer, Cx, Method, Problem, Request, Service, UseCase};
use serde::Deserialize;
use serde_json::Value;

use crate::services::Booking;
use crate::store::held;

/// The use case.
pub fn use_case() -> UseCase<Booking> {
    UseCase::http(
        "export-booking-data",
        Method::Get,
        "/internal/booking/users/{userId}/data",
        export_booking_data,
    )
    .summary("Give everything that booking holds on a person, in pages")
}

/// Lessons of one role and state.
#[derive(Deserialize)]
struct Counted {
    role: String,
    status: String,
    lessons: i64,
    first: Instant,
    last: Instant,
}

async fn export_booking_data(
    cx: Cx<Booking>,
    _caller: Service,
    request: Request<HeldPath, HeldQuery>,
) -> Result<Answer<CursorPage<Held>>, Problem> {
    let (user, cursor) = (request.path.user_id, request.query.cursor.as_ref());
    let mut page = page(&cx.base.db, held::SQL, user, cursor).await?;
    in_words(&mut page, sentences);
    Ok(Answer::new(page))
}

fn sentences(facts: &Value) -> Vec<String> {
    let counted: Vec<Counted> = serde_json::from_value(facts.clone()).unwrap_or_default();
    let day = |moment: Instant| moment.get().to_zoned(jiff::tz::TimeZone::UTC).date();
    let sentence = |c: Counted| {
        let (status, first, last) = (c.status.replace('_', " "), day(c.first), day(c.last));
        format!("Lessons as a {} that are {status}: {}, from {first} to {last}.", c.role, c.lessons)
    };
    counted.into_iter().map(sentence).collect()
}
