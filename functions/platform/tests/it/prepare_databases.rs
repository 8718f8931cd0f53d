//! `prepare-databases`, against a real server. Logins belong to the whole server, so each test prepares a
//! context of its own making.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, Mac as _};
use lectern_platform::Platform;
use lectern_platform::prepare_databases::{BAD_PARAMETER, Prepared, prepare_databases, use_case};
use lectern_postgres::database::connect;
use lectern_postgres::prepare::with_login;
use lectern_runtime::testing::invoke;
use lectern_runtime::{Cx, Fault};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::fakes::{ADMIN_URL, Secrets, platform};

/// A context that nobody else has; its database and logins are dropped with the value.
struct OwnContext {
    name: String,
    server: String,
    secrets: Arc<Secrets>,
}

impl OwnContext {
    fn new() -> Self {
        let server = std::env::var("LECTERN_TEST_POSTGRES_URL")
            .expect("LECTERN_TEST_POSTGRES_URL is not set: run `make test`, or see docs/testing.md");
        // Names of contexts are letters alone.
        let letter = |byte: u8| [b'a' + (byte >> 4), b'a' + (byte & 15)];
        let letters = Uuid::now_v7().into_bytes().into_iter().flat_map(letter).map(char::from);
        let name = format!("platform_test_{}", letters.collect::<String>());
        let secrets = Secrets::of(&[(ADMIN_URL, &server)]);
        Self { name, server, secrets }
    }

    async fn prepare(&self) -> Result<Prepared, Fault> {
        prepare_databases(&cx(&self.secrets), &[&self.name]).await
    }

    fn secret_name(&self, login: &str) -> String {
        format!("/lectern/test/database/{}/{login}-url", self.name)
    }

    fn secret(&self, login: &str) -> String {
        self.secrets.values.lock().unwrap()[&self.secret_name(login)].clone()
    }

    /// Whether the login's password is the one in its secret. Asks what the server keeps, because a server
    /// for tests may let everybody in.
    async fn password_is_set(&self, login: &str) -> bool {
        let admin = connect(&self.server, None).await.unwrap();
        let role = format!("{}_{login}", self.name);
        let row =
            admin.query_one("SELECT rolpassword FROM pg_authid WHERE rolname = $1", &[&role]).await.unwrap();
        is_scram_of(row.get(0), &password(&self.secret(login)))
    }
}

impl Drop for OwnContext {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // A runtime of its own: the test's can't be waited for in here.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let Ok(admin) = connect(&server, None).await else { return };
                let database = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                for sql in [database, format!("DROP ROLE IF EXISTS {name}_owner, {name}_app")] {
                    let _left_behind = admin.batch_execute(&sql).await;
                }
            });
        });
        let _panicked = dropping.join();
    }
}

fn cx(secrets: &Arc<Secrets>) -> Cx<Platform> {
    let services = Platform { parameters: Arc::<Secrets>::clone(secrets), ..platform() };
    Cx::new(Arc::new(services), "system:test".to_owned(), "test".to_owned(), "test".to_owned())
}

fn password(url: &str) -> String {
    url::Url::parse(url).unwrap().password().unwrap().to_owned()
}

/// Whether `stored` is PostgreSQL's verifier of the password: RFC 5802, with PostgreSQL's
/// `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`.
fn is_scram_of(stored: &str, password: &str) -> bool {
    let hmac = |key: &[u8], text: &[u8]| -> [u8; 32] {
        Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(text).finalize().into_bytes().into()
    };
    let (head, keys) = stored.strip_prefix("SCRAM-SHA-256$").unwrap().split_once('$').unwrap();
    let (iterations, salt) = head.split_once(':').unwrap();
    let mut block = BASE64.decode(salt).unwrap();
    block.extend(1_u32.to_be_bytes());
    let mut round = hmac(password.as_bytes(), &block);
    let mut salted = round;
    for _ in 1..iterations.parse::<u32>().unwrap() {
        round = hmac(password.as_bytes(), &round);
        salted.iter_mut().zip(round).for_each(|(sum, byte)| *sum ^= byte);
    }
    let stored_key = Sha256::digest(hmac(&salted, b"Client Key"));
    keys.starts_with(&BASE64.encode(stored_key))
}

#[tokio::test]
async fn a_context_gets_a_database_an_owner_and_a_login_that_owns_nothing() {
    let context = OwnContext::new();
    let prepared = context.prepare().await.unwrap();
    assert_eq!(json!(prepared), json!({ "databases": [context.name] }));

    let owner = connect(&context.secret("owner"), None).await.unwrap();
    owner.batch_execute("CREATE TABLE thing (id int PRIMARY KEY)").await.unwrap();
    let app = connect(&context.secret("app"), None).await.unwrap();
    app.batch_execute("INSERT INTO thing VALUES (1)").await.unwrap();
    let refused = app.batch_execute("DROP TABLE thing").await.unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "42501");
    for login in ["owner", "app"] {
        assert!(context.password_is_set(login).await, "{login}");
    }
}

#[tokio::test]
async fn nobody_else_gets_into_a_context_s_database() {
    let (context, other) = (OwnContext::new(), OwnContext::new());
    context.prepare().await.unwrap();
    other.prepare().await.unwrap();
    for login in ["owner", "app"] {
        let mut url = url::Url::parse(&context.secret(login)).unwrap();
        url.set_path(&other.name);
        let refused = connect(url.as_str(), None).await.err().unwrap();
        assert!(refused.to_string().contains("42501"), "{login}: {refused}");
    }
}

#[tokio::test]
async fn secrets_are_long_random_and_different_and_name_the_admin_s_server() {
    let context = OwnContext::new();
    let mut server = url::Url::parse(&context.server).unwrap();
    server.set_query(Some("sslmode=prefer"));
    let server = server.to_string();
    context.secrets.values.lock().unwrap().insert(ADMIN_URL.to_owned(), server.clone());
    context.prepare().await.unwrap();

    let (owner, app) = (context.secret("owner"), context.secret("app"));
    assert_ne!(password(&owner), password(&app));
    for (login, url) in [("owner", owner), ("app", app)] {
        let password = password(&url);
        assert_eq!(hex::decode(&password).unwrap().len() * 8, 256);
        let expected = with_login(&server, &format!("{}_{login}", context.name), &password, &context.name);
        assert_eq!(url, expected.unwrap());
        assert!(url.ends_with("?sslmode=prefer"));
    }
}

#[tokio::test]
async fn preparing_again_changes_no_secret_and_sets_a_strayed_password_right() {
    let context = OwnContext::new();
    context.prepare().await.unwrap();
    let before = context.secrets.values.lock().unwrap().clone();
    let admin = connect(&context.server, None).await.unwrap();
    admin.batch_execute(&format!("ALTER ROLE {}_app PASSWORD 'strayed'", context.name)).await.unwrap();
    assert!(!context.password_is_set("app").await);

    context.prepare().await.unwrap();
    assert_eq!(*context.secrets.values.lock().unwrap(), before);
    assert!(context.password_is_set("app").await);
    assert!(context.password_is_set("owner").await);
}

#[tokio::test]
async fn a_deleted_secret_is_a_new_password_for_that_login_alone() {
    let context = OwnContext::new();
    context.prepare().await.unwrap();
    let (owner, app) = (context.secret("owner"), context.secret("app"));
    context.secrets.values.lock().unwrap().remove(&context.secret_name("app"));

    context.prepare().await.unwrap();
    assert_eq!(context.secret("owner"), owner);
    assert_ne!(context.secret("app"), app);
    assert!(context.password_is_set("app").await);
}

#[tokio::test]
async fn when_somebody_else_was_faster_their_secret_is_the_one_that_counts() {
    let context = OwnContext::new();
    let theirs =
        with_login(&context.server, &format!("{}_app", context.name), "theirs", &context.name).unwrap();
    context.secrets.rivals.lock().unwrap().insert(context.secret_name("app"), theirs.clone());

    context.prepare().await.unwrap();
    assert_eq!(context.secret("app"), theirs);
    assert!(context.password_is_set("app").await);
}

#[tokio::test]
async fn a_secret_that_holds_no_url_with_a_password_stops_it_and_is_not_told() {
    for broken in ["hunter2", "postgres://someone@hunter2.example/"] {
        let context = OwnContext::new();
        context.secrets.values.lock().unwrap().insert(context.secret_name("owner"), broken.to_owned());
        let fault = context.prepare().await.unwrap_err();
        assert_eq!(fault.kind, BAD_PARAMETER);
        assert!(fault.message.contains(&context.secret_name("owner")), "{fault}");
        assert!(!fault.message.contains("hunter2"), "{fault}");
    }
}

#[tokio::test]
async fn without_the_admin_s_url_it_says_which_parameter_is_missing() {
    let fault = invoke(&use_case(), &Arc::new(platform()), json!({})).await.unwrap_err();
    assert_eq!(fault.kind, BAD_PARAMETER);
    assert!(fault.message.contains(ADMIN_URL), "{fault}");
}

#[tokio::test]
async fn a_server_that_has_moved_is_followed_and_the_passwords_stay() {
    let own = OwnContext::new();
    own.prepare().await.unwrap();
    let before = password(&own.secret("app"));
    let elsewhere = own.secret("app").replacen("127.0.0.1", "192.0.2.1", 1);
    assert_ne!(elsewhere, own.secret("app"), "the test's server is on 127.0.0.1");
    own.secrets.values.lock().unwrap().insert(own.secret_name("app"), elsewhere);
    own.prepare().await.unwrap();
    assert!(own.secret("app").contains("127.0.0.1"));
    assert_eq!(password(&own.secret("app")), before);
    assert!(own.password_is_set("app").await);
}
