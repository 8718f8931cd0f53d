//! What several files of tests need besides the world.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lectern_domain::id::{SessionId, UserId};
use lectern_identity::Identity;
use lectern_postgres::revocations::RevocationCache;
use lectern_postgres::{Base, Database};
use lectern_runtime::testing::{Answered, As, TestRequest};
use lectern_runtime::{Kit, UseCase};
use serde_json::{Value, json};
use uuid::Uuid;

use super::world::World;

pub const PASSWORD: &str = "correct horse 9!";

/// Another function instance with the same outside: a connection of its own to the same database.
pub fn instance(w: &World) -> Arc<Identity> {
    instance_with(w, w.database.connect(), Duration::ZERO)
}

/// An instance whose database can't be reached.
pub fn without_database(w: &World) -> Arc<Identity> {
    instance_with(w, Database::from_url("postgres://identity_app@127.0.0.1:1/identity"), Duration::ZERO)
}

pub fn instance_with(w: &World, db: Database, answer_floor: Duration) -> Arc<Identity> {
    let base = Base {
        kit: Kit { clock: w.services.base.kit.clock.clone() },
        env: w.services.base.env.clone(),
        db,
        bus: w.bus.clone(),
        revocation_cache: RevocationCache::none(),
    };
    Arc::new(Identity {
        base,
        pool: w.pool.clone(),
        access: w.topic.clone(),
        mail: w.post.clone(),
        exports: w.exports.clone(),
        contexts: w.contexts.clone(),
        policy: w.services.policy,
        answer_floor,
    })
}

/// Sends a body as nobody.
pub async fn post(services: &Arc<Identity>, case: &UseCase<Identity>, body: &Value) -> Answered {
    TestRequest::new(As::Nobody).json(body).header("user-agent", "Tests/1.0").send(case, services).await
}

/// What is in the database, as a superuser sees it.
pub async fn look(w: &World, sql: &str) -> Vec<lectern_postgres::Row> {
    Database::from_url(w.database.admin_url.clone()).read(sql, &[]).await.unwrap()
}

/// How many rows a query gives.
pub async fn count(w: &World, sql: &str) -> usize {
    look(w, sql).await.len()
}

/// From now on (or no more) the database fails as one does that is shutting down, whenever `table` is written
/// to.
pub async fn set_broken(w: &World, table: &str, broken: bool) {
    let admin = Database::from_url(w.database.admin_url.clone());
    let sql = if broken {
        admin
            .write(
                "CREATE OR REPLACE FUNCTION break_down() RETURNS trigger LANGUAGE plpgsql AS $$
                 BEGIN RAISE EXCEPTION 'going down' USING ERRCODE = '57P01'; END $$",
                &[],
            )
            .await
            .unwrap();
        format!("CREATE TRIGGER broken BEFORE INSERT OR UPDATE ON {table} EXECUTE FUNCTION break_down()")
    } else {
        format!("DROP TRIGGER broken ON {table}")
    };
    admin.write(&sql, &[]).await.unwrap();
}

/// An `Authorization` header of the password API's tokens; the hosted page's have another scope.
pub fn bearer(scope: &str) -> String {
    format!("Bearer header.{}.signature", URL_SAFE_NO_PAD.encode(json!({ "scope": scope }).to_string()))
}

/// From now on the pool gives tokens of a fresh session of the user's.
pub fn fresh_session(w: &World, user: UserId, access_version: i64) -> SessionId {
    let session = SessionId(Uuid::now_v7());
    w.pool.gives_tokens_of(user, session, access_version);
    session
}
