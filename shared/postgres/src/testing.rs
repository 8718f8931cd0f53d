//! A real database for each test: a copy of a template that was migrated once.
//!
//! The server is named by `LECTERN_TEST_POSTGRES_URL` (a superuser's URL; `make test` sets it). Tests act as
//! the context's application role, so what it may not do fails here too.

use std::sync::Arc;

use lectern_domain::revocation::Revocation;
use lectern_runtime::Cx;
use lectern_runtime::testing::{assert_valid_event, deliver};
use refinery::Migration;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::base::HasBase;
use crate::database::{Database, STATEMENT_TIMEOUT_MS, connect};
use crate::migrate::{common_migrations, migrate};
use crate::prepare::with_database;
use crate::revocations;

/// A database that is dropped with the value.
pub struct TestDatabase {
    /// URL of the application's login.
    pub url: String,
    /// URL of a superuser, for looking behind the curtain.
    pub admin_url: String,
    name: String,
    server: String,
}

impl TestDatabase {
    /// A fresh copy of `context`'s schema.
    pub async fn new(context: &str, migrations: &[Migration]) -> Self {
        let server = std::env::var("LECTERN_TEST_POSTGRES_URL")
            .expect("LECTERN_TEST_POSTGRES_URL is not set: run `make test`, or see docs/testing.md");
        let template = template(&server, context, migrations).await;
        let name = format!("test_{context}_{}", Uuid::now_v7().simple());
        let admin = connect(&server, None).await.expect("the test server answers");
        admin
            .batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {template}"))
            .await
            .expect("a copy of the template");
        Self {
            url: as_role(&server, &format!("{context}_app"), &name),
            admin_url: with_database(&server, &name).expect("a URL"),
            name,
            server,
        }
    }

    /// A connection of its own to the copy.
    pub fn connect(&self) -> Database {
        Database::from_url(self.url.clone())
    }

    /// The tables that hold a text anywhere, in whatever column, in upper or lower case: for looking whether an
    /// erasure has left something.
    pub async fn tables_with(&self, text: &str) -> Vec<String> {
        let admin = connect(&self.admin_url, None).await.expect("the test server answers");
        let sql = "SELECT format('%I', table_name) FROM information_schema.tables
                   WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1";
        let tables = admin.query(sql, &[]).await.expect("the tables");
        let mut found = Vec::new();
        for row in tables {
            let table: String = row.get(0);
            let sql = format!(
                "SELECT 1 FROM {table} t WHERE strpos(lower(to_jsonb(t)::text), lower($1)) > 0 LIMIT 1"
            );
            if !admin.query(&sql, &[&text]).await.expect("a look").is_empty() {
                found.push(table);
            }
        }
        found
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // A runtime of its own: the test's may be gone already.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return };
            runtime.block_on(async {
                if let Ok(admin) = connect(&server, None).await {
                    let _left_behind =
                        admin.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
                }
            });
        });
        let _panicked = dropping.join();
    }
}

/// Takes access back as `identity` does: by its event, which the context's consumer is given.
pub async fn take_back<S: HasBase>(services: &Arc<S>, revocation: &Revocation) {
    let test = || "test".to_owned();
    let cx = Cx::new(Arc::clone(services), "system:test".to_owned(), test(), test());
    let events = cx.seal(vec![revocation.event()]);
    assert_valid_event(&serde_json::to_value(&events[0]).expect("an event is JSON"));
    let consumer = revocations::use_case::<S>("replicate-revocations");
    assert_eq!(deliver(&consumer, services, &events).await, 0, "the event was not taken");
}

/// The migrated template; made by the first test that needs it.
async fn template(server: &str, context: &str, migrations: &[Migration]) -> String {
    let mut hash = Sha256::new();
    for migration in common_migrations().iter().chain(migrations) {
        hash.update(migration.sql().unwrap_or_default());
    }
    hash.update(grants(context));
    let name = format!("template_{context}_{}", &hex::encode(hash.finalize())[..12]);
    let admin = connect(server, None).await.expect("the test server answers");
    admin.batch_execute("SET statement_timeout = 0; SELECT pg_advisory_lock(4712)").await.expect("a lock");
    let exists = admin.query("SELECT 1 FROM pg_database WHERE datname = $1", &[&name]).await.expect("a look");
    if exists.is_empty() {
        make_template(server, &admin, context, &name, migrations).await;
    }
    name
}

async fn make_template(
    server: &str,
    admin: &tokio_postgres::Client,
    context: &str,
    name: &str,
    migrations: &[Migration],
) {
    make_roles(admin, context).await;
    let making = format!("making_{name}");
    let owner = format!("{context}_owner");
    let sql = [
        format!("DROP DATABASE IF EXISTS {making} WITH (FORCE)"),
        format!("CREATE DATABASE {making} OWNER {owner}"),
        format!("GRANT CONNECT ON DATABASE {making} TO {context}_app"),
    ];
    for statement in sql {
        admin.batch_execute(&statement).await.expect("a database for the template");
    }
    let inside = connect(&with_database(server, &making).expect("a URL"), None).await.expect("a connection");
    inside.batch_execute(&grants(context)).await.expect("grants");
    drop(inside);
    let owner_url = as_role(server, &owner, &making);
    migrate(&owner_url, None, migrations).await.expect("migrations");
    // The rename is what makes it visible to others: a template is either whole or not there.
    wait_until_free(admin, &making).await;
    admin.batch_execute(&format!("ALTER DATABASE {making} RENAME TO {name}")).await.expect("a rename");
}

/// What the application may do; the same as [`crate::prepare::grant`] lets it.
fn grants(context: &str) -> String {
    format!(
        "GRANT USAGE ON SCHEMA public TO {context}_app;
         ALTER DEFAULT PRIVILEGES FOR ROLE {context}_owner IN SCHEMA public
             GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {context}_app;
         ALTER DEFAULT PRIVILEGES FOR ROLE {context}_owner IN SCHEMA public
             GRANT USAGE ON SEQUENCES TO {context}_app;"
    )
}

/// Roles are the whole server's. A platform that runs on it (in `make test` one does) has them already, with passwords
/// of its own, which must stay as they are; otherwise they are made, and nobody can sign in with them.
async fn make_roles(admin: &tokio_postgres::Client, context: &str) {
    for role in [format!("{context}_owner"), format!("{context}_app")] {
        let exists =
            admin.query("SELECT 1 FROM pg_roles WHERE rolname = $1", &[&role]).await.expect("a look");
        if exists.is_empty() {
            admin.batch_execute(&format!("CREATE ROLE {role}")).await.expect("a role");
        }
    }
}

/// A superuser's sign-in that has a role's rights, and no more, from its first moment on: whoever does not know the
/// role's password can test what the role may do.
fn as_role(server: &str, role: &str, database: &str) -> String {
    let mut url = url::Url::parse(&with_database(server, database).expect("a URL")).expect("a URL");
    let options = format!("-c statement_timeout={STATEMENT_TIMEOUT_MS} -c role={role}");
    // Not as a form, whose `+` for a space PostgreSQL's URLs don't know.
    url.set_query(Some(&format!("options={}", options.replace(' ', "%20").replace('=', "%3D"))));
    url.to_string()
}

/// Closing a connection is not at once; a database with one can't be renamed.
async fn wait_until_free(admin: &tokio_postgres::Client, database: &str) {
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
    for _ in 0..1_000 {
        let busy = admin.query(sql, &[&database]).await.expect("a look at connections");
        if busy.is_empty() {
            return;
        }
        tokio::task::yield_now().await;
    }
}
