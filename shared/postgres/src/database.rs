//! One connection, opened on first use, opened again when it broke.
//!
//! Statements are sent unnamed with their parameters' types (`query_typed`): one round trip each, and nothing
//! stays behind in the session that would pin a connection proxy. A statement is its own transaction, so a
//! command that changes several tables is one statement with several parts (`WITH`).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lectern_domain::field::Invalid;
use lectern_runtime::config::{Env, describe};
use lectern_runtime::{Fault, Problem};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::Mutex;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Config, NoTls, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Longest time to connect. An Aurora cluster that has paused wakes up in about 15 s: until then callers get
/// 503 with `Retry-After`, and the wake-up goes on.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest time for one statement, in milliseconds; below every function's time limit.
pub(crate) const STATEMENT_TIMEOUT_MS: u32 = 5_000;
/// How often a statement is tried that PostgreSQL undid because of another (deadlock, serialization).
const TRIES_MAX: u32 = 4;

/// A parameter of a statement, with its type.
pub type Param<'a> = (&'a (dyn ToSql + Sync), Type);

/// Why a statement gave no rows.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The database can't be reached, or not now.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// A constraint of the schema says no: the last line of a rule. Carries the constraint's name.
    #[error("the constraint {0} refused")]
    Constraint(String),
    /// Anything else: a mistake of ours.
    #[error("the statement failed: {0}")]
    Statement(String),
    /// A row holds what the domain doesn't know.
    #[error("a stored value is not valid: {0}")]
    Stored(String),
}

impl DbError {
    /// Whether the named constraint refused.
    pub fn is_constraint(&self, name: &str) -> bool {
        matches!(self, Self::Constraint(constraint) if constraint == name)
    }
}

impl From<tokio_postgres::Error> for DbError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(db) = error.as_db_error() else { return Self::Unavailable(describe(&error)) };
        match db.constraint() {
            Some(constraint) if db.code().code().starts_with("23") => Self::Constraint(constraint.to_owned()),
            _ if is_passing(db.code()) => Self::Unavailable(db.message().to_owned()),
            // The message alone: details hold the row.
            _ => Self::Statement(format!("{}: {}", db.code().code(), db.message())),
        }
    }
}

impl From<Invalid> for DbError {
    fn from(error: Invalid) -> Self {
        Self::Stored(error.0)
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Unavailable(_) => Self::unavailable(error),
            _ => Self::internal(error),
        }
    }
}

impl From<DbError> for Fault {
    fn from(error: DbError) -> Self {
        Self::transient(error)
    }
}

/// Codes after which the same statement may well succeed: resources, operator intervention, timeouts.
fn is_passing(code: &SqlState) -> bool {
    is_undone(code) || ["08", "53", "57"].iter().any(|class| code.code().starts_with(class))
}

/// PostgreSQL undid the statement because of another one.
fn is_undone(code: &SqlState) -> bool {
    *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED
}

/// Where the URL of the database comes from.
enum Source {
    /// The SSM parameter whose name is in the variable `DATABASE_URL_PARAMETER`.
    Parameter(Arc<Env>),
    /// Given.
    Url(String),
}

/// The context's database.
pub struct Database {
    source: Source,
    client: Mutex<Option<Arc<Client>>>,
    round_trips: AtomicU64,
}

impl Database {
    /// Named by the environment; not connected yet.
    pub fn from_env(env: Arc<Env>) -> Self {
        Self::of(Source::Parameter(env))
    }

    /// At a URL; not connected yet.
    pub fn from_url(url: impl Into<String>) -> Self {
        Self::of(Source::Url(url.into()))
    }

    fn of(source: Source) -> Self {
        Self { source, client: Mutex::new(None), round_trips: AtomicU64::new(0) }
    }

    /// Statements sent so far; tests compare it with what a use case may cost.
    pub fn round_trips(&self) -> u64 {
        self.round_trips.load(Ordering::Relaxed)
    }

    /// Connects, unless it is connected.
    pub async fn warm(&self) -> Result<(), DbError> {
        self.client().await.map(drop)
    }

    /// Sends a statement that only reads. Sent once more when the connection turns out to be broken: a frozen
    /// function learns only then that the server closed it.
    pub async fn read(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, DbError> {
        let client = self.client().await?;
        match self.send(&client, sql, params).await {
            Err(error) if error.is_closed() || client.is_closed() => {
                let client = self.client().await?;
                Ok(self.send(&client, sql, params).await?)
            }
            outcome => Ok(outcome?),
        }
    }

    /// Sends a statement that changes something. Sent again only when PostgreSQL says that it undid it; when
    /// the connection breaks nobody knows whether it was done, and the caller gets 503 and comes again with
    /// the same idempotency key.
    pub async fn write(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, DbError> {
        let client = self.client().await?;
        let mut tries = 1;
        loop {
            match self.send(&client, sql, params).await {
                Err(error) if tries < TRIES_MAX && error.code().is_some_and(is_undone) => tries += 1,
                outcome => return Ok(outcome?),
            }
        }
    }

    async fn send(
        &self,
        client: &Client,
        sql: &str,
        params: &[Param<'_>],
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        self.round_trips.fetch_add(1, Ordering::Relaxed);
        client.query_typed(sql, params).await
    }

    async fn client(&self) -> Result<Arc<Client>, DbError> {
        let mut slot = self.client.lock().await;
        if let Some(client) = slot.as_ref().filter(|client| !client.is_closed()) {
            return Ok(Arc::clone(client));
        }
        let (url, ca) = match &self.source {
            Source::Url(url) => (url.clone(), None),
            Source::Parameter(env) => {
                let unavailable = |f: Fault| DbError::Unavailable(f.message);
                let ca = match env.text("DATABASE_CA_PARAMETER") {
                    Ok(_) => Some(env.parameter("DATABASE_CA_PARAMETER").await.map_err(unavailable)?),
                    Err(_) => None,
                };
                (env.parameter("DATABASE_URL_PARAMETER").await.map_err(unavailable)?, ca)
            }
        };
        let connected = connect_for(&url, ca.as_deref(), self.statement_timeout_ms()).await;
        if let (Err(_), Source::Parameter(env)) = (&connected, &self.source) {
            // The password or the place may have been changed since it was read.
            env.forget_parameter("DATABASE_URL_PARAMETER").await;
        }
        let client = Arc::new(connected?);
        *slot = Some(Arc::clone(&client));
        Ok(client)
    }
}

impl Database {
    /// `DATABASE_STATEMENT_TIMEOUT_MS` of the few functions that read very much at once, and have time for it.
    fn statement_timeout_ms(&self) -> u32 {
        let Source::Parameter(env) = &self.source else { return STATEMENT_TIMEOUT_MS };
        env.number("DATABASE_STATEMENT_TIMEOUT_MS", STATEMENT_TIMEOUT_MS).unwrap_or_else(|error| {
            tracing::error!(cause = %error, "the default time limit of statements is used");
            STATEMENT_TIMEOUT_MS
        })
    }
}

/// Connects to a URL. `ca` is the PEM of the authority that signs the server's certificate; it is needed when
/// the URL says `sslmode=require`, and the certificate is then checked with the host's name.
pub async fn connect(url: &str, ca: Option<&str>) -> Result<Client, DbError> {
    connect_for(url, ca, STATEMENT_TIMEOUT_MS).await
}

/// The same, with statements that last so long at most.
async fn connect_for(url: &str, ca: Option<&str>, statement_timeout_ms: u32) -> Result<Client, DbError> {
    let mut config: Config =
        url.parse().map_err(|_| DbError::Statement("the database URL is not valid".into()))?;
    config.connect_timeout(CONNECT_TIMEOUT);
    if config.get_options().is_none() {
        config.options(format!("-c statement_timeout={statement_timeout_ms}"));
    }
    if config.get_ssl_mode() == SslMode::Require {
        let (client, connection) = config.connect(MakeRustlsConnect::new(tls(ca)?)).await?;
        spawn(connection);
        Ok(client)
    } else {
        let (client, connection) = config.connect(NoTls).await?;
        spawn(connection);
        Ok(client)
    }
}

fn spawn(connection: impl Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static) {
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::info!(cause = describe(&error), "database connection ended");
        }
    });
}

fn tls(ca: Option<&str>) -> Result<ClientConfig, DbError> {
    let pem = ca.ok_or_else(|| DbError::Statement("TLS needs DATABASE_CA_PARAMETER".into()))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|_| DbError::Statement("the CA is not PEM".into()))?;
        roots.add(certificate).map_err(|_| DbError::Statement("the CA is not a certificate".into()))?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| DbError::Statement(e.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
