//! `GET /internal/tutoring/users/{userId}/data`: what `identity` puts into a person's export.

use lectern_domain::page::CursorPage;
use lectern_postgres::held::{Held, HeldPath, HeldQuery, in_words, page};
use lectern_runtime::{Answer, Cx, Method, Problem, Request, Service, UseCase};
use serde_json::Value;

use crate::services::Tutoring;
use crate::store::held;

/// The use case.
pub fn use_case() -> UseCase<Tutoring> {
    UseCase::http(
        "export-tutoring-data",
        Method::Get,
        "/internal/tutoring/users/{userId}/data",
        export_tutoring_data,
    )
    .summary("Give everything that tutoring holds on a person, in pages")
}

async fn export_tutoring_data(
    cx: Cx<Tutoring>,
    _caller: Service,
    request: Request<HeldPath, HeldQuery>,
) -> Result<Answer<CursorPage<Held>>, Problem> {
    let (user, cursor) = (request.path.user_id, request.query.cursor.as_ref());
    let mut page = page(&cx.base.db, held::SQL, user, cursor).await?;
    in_words(&mut page, sentences);
    Ok(Answer::new(page))
}

fn sentences(facts: &Value) -> Vec<String> {
    let mut sentences = Vec::new();
    let count = |name: &str| facts[name].as_i64().filter(|count| *count > 0);
    if let (Some(name), Some(status)) = (facts["name"].as_str(), facts["status"].as_str()) {
        let status = status.replace('_', " ");
        sentences.push(format!("A tutor profile under the name {name}; its verification: {status}."));
    }
    if let Some(count) = count("submissions") {
        sentences.push(format!("Times that the profile was submitted for verification: {count}."));
    }
    if let Some(count) = count("documents") {
        sentences.push(format!("Documents that were announced or handed in for verification: {count}."));
    }
    if let Some(count) = count("lessons") {
        sentences.push(format!("Lessons whose times are kept for the calendar: {count}."));
    }
    if let Some(count) = count("favourites") {
        sentences.push(format!("Tutors whom you keep as favourites: {count}."));
    }
    if let Some(count) = count("matchRequests") {
        sentences.push(format!("Times that you looked for a tutor by a matching request: {count}."));
    }
    if let Some(count) = count("invitations") {
        sentences.push(format!("Invitations of students to teach them: {count}."));
    }
    if let Some(count) = count("decisions") {
        sentences.push(format!("Verifications of others that you had in hand: {count}."));
    }
    sentences
}
