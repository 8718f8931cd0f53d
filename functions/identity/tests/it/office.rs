//! What tests of one's own account and of administration share.

use std::sync::Arc;

use lectern_domain::id::UserId;
use lectern_domain::role::Role;
use lectern_identity::Identity;
use lectern_identity::store::users;
use lectern_postgres::{Database, Row};
use lectern_runtime::UseCase;
use lectern_runtime::testing::{Answered, As, TestRequest};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::support::instance;
use super::world::World;

pub fn by(id: UserId, role: Role) -> TestRequest {
    TestRequest::new(As::User(id, role))
}

/// A command of an admin on somebody's account.
pub fn on(id: UserId, admin: (UserId, Role), body: &Value) -> TestRequest {
    by(admin.0, admin.1).path("userId", id).json(body)
}

/// Sends to the world's own instance.
pub async fn send(w: &World, case: &UseCase<Identity>, request: TestRequest) -> Answered {
    request.send(case, &w.services).await
}

/// Sends, and counts the round trips.
pub async fn counted(w: &World, case: &UseCase<Identity>, request: TestRequest) -> (Answered, u64) {
    let before = w.services.base.round_trips();
    let answer = request.send(case, &w.services).await;
    (answer, w.services.base.round_trips() - before)
}

/// Sends all of these at once, over a dozen connections.
pub async fn at_once(
    w: &World,
    requests: impl IntoIterator<Item = (UseCase<Identity>, TestRequest)>,
) -> Vec<Answered> {
    let instances: Vec<_> = (0..12).map(|_| instance(w)).collect();
    for instance in &instances {
        instance.base.db.warm().await.unwrap();
    }
    let mut running = JoinSet::new();
    for (n, (case, request)) in requests.into_iter().enumerate() {
        let services = Arc::clone(&instances[n % instances.len()]);
        running.spawn(async move { request.send(&case, &services).await });
    }
    running.join_all().await
}

/// How many of the answers have this status.
pub fn with_status(answers: &[Answered], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

/// Changes a stored user as nobody may: for states that take long to come to.
pub async fn as_superuser(w: &World, sql: &str) -> Vec<Row> {
    Database::from_url(w.database.admin_url.clone()).write(sql, &[]).await.unwrap()
}

/// A stored user's sequence, and so its ETag.
pub async fn sequence(w: &World, id: UserId) -> i64 {
    users::by_id(&w.services.base.db, id).await.unwrap().unwrap().user.sequence
}

/// Actor, action, subject, details.
pub type Entry = (String, String, String, Value);

/// The audit log as (actor, action, subject, details), the oldest first.
pub async fn audit_log(w: &World) -> Vec<Entry> {
    let sql = "SELECT actor, action, subject, details FROM audit_log ORDER BY position";
    let rows = as_superuser(w, sql).await;
    let details = |row: &Row| row.get::<_, lectern_postgres::Json<Value>>(3).0;
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), details(row))).collect()
}

/// An entry about a user, as [`audit_log`] gives it.
pub fn entry(actor: UserId, action: &str, subject: UserId, details: Value) -> Entry {
    (format!("user:{actor}"), action.to_owned(), format!("user:{subject}"), details)
}

/// A suspension without an end.
pub fn for_good() -> Value {
    json!({ "reason": "wrote to a child" })
}
