//! The table `users`.

use lectern_domain::email::Email;
use lectern_domain::event::Envelope;
use lectern_domain::id::UserId;
use lectern_domain::identity::{User, UserStatus};
use lectern_domain::role::Role;
use lectern_domain::text::Text;
use lectern_domain::time::ZoneName;
use lectern_postgres::database::Param;
use lectern_postgres::{Database, DbError, Row, Type, outbox};

/// A user as stored: with the user pool's id of it.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The aggregate.
    pub user: User,
    /// The user pool's id; none until the email is verified.
    pub cognito_sub: Option<String>,
}

macro_rules! columns {
    () => {
        "id, cognito_sub, email, first_name, last_name, role, status, date_of_birth, time_zone, locale, sequence"
    };
}

fn stored(row: &Row) -> Result<Stored, DbError> {
    let text = |name: &str| row.try_get::<_, &str>(name);
    let birth: Option<jiff::civil::Date> = row.try_get("date_of_birth")?;
    let user = User {
        id: UserId(row.try_get("id")?),
        email: Email::parse(text("email")?)?,
        first_name: Text::parse(text("first_name")?)?,
        last_name: Text::parse(text("last_name")?)?,
        role: Role::parse(text("role")?)?,
        status: UserStatus::parse(text("status")?)?,
        date_of_birth: birth.map(Into::into),
        time_zone: ZoneName::parse(text("time_zone")?)?,
        locale: Text::parse(text("locale")?)?,
        sequence: row.try_get("sequence")?,
    };
    Ok(Stored { user, cognito_sub: row.try_get("cognito_sub")? })
}

/// The user with this id, unless erased.
pub async fn by_id(db: &Database, id: UserId) -> Result<Option<User>, DbError> {
    let sql = concat!("SELECT ", columns!(), " FROM users WHERE id = $1 AND status <> 'erased'");
    let rows = db.read(sql, &[(&id.0, Type::UUID)]).await?;
    Ok(rows.first().map(stored).transpose()?.map(|s| s.user))
}

/// The user with this email, unless erased.
pub async fn by_email(db: &Database, email: &Email) -> Result<Option<Stored>, DbError> {
    let sql = concat!("SELECT ", columns!(), " FROM users WHERE email = $1 AND status <> 'erased'");
    let rows = db.read(sql, &[(&email.as_str(), Type::TEXT)]).await?;
    rows.first().map(stored).transpose()
}

/// The user that the user pool knows by `sub`.
pub async fn by_sub(db: &Database, sub: &str) -> Result<Option<Stored>, DbError> {
    let sql = concat!("SELECT ", columns!(), " FROM users WHERE cognito_sub = $1");
    let rows = db.read(sql, &[(&sub, Type::TEXT)]).await?;
    rows.first().map(stored).transpose()
}

/// Puts a new user in, with its events; `false`, and nothing done, when the email has an account.
pub async fn insert(db: &Database, stored: &Stored, events: &[Envelope]) -> Result<bool, DbError> {
    let sql = "
        WITH put AS (
            INSERT INTO users (id, cognito_sub, email, first_name, last_name, role, status, date_of_birth,
                               time_zone, locale, sequence)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            ON CONFLICT (email) WHERE status <> 'erased' DO NOTHING
            RETURNING 1
        )
        SELECT outbox_put($12) FROM put";
    Ok(!send(db, sql, stored, events, None).await?.is_empty())
}

/// Saves a user whose stored sequence is `before`; `false`, and nothing done, when it has changed since.
pub async fn update(
    db: &Database,
    stored: &Stored,
    before: i64,
    events: &[Envelope],
) -> Result<bool, DbError> {
    let sql = "
        WITH changed AS (
            UPDATE users SET cognito_sub = $2, email = $3, first_name = $4, last_name = $5, role = $6,
                   status = $7, date_of_birth = $8, time_zone = $9, locale = $10, sequence = $11,
                   updated_at = now()
            WHERE id = $1 AND sequence = $13
            RETURNING 1
        )
        SELECT outbox_put($12) FROM changed";
    Ok(!send(db, sql, stored, events, Some(before)).await?.is_empty())
}

/// Sends a statement whose parameters are a user's columns, its events and, perhaps, a sequence.
async fn send(
    db: &Database,
    sql: &str,
    stored: &Stored,
    events: &[Envelope],
    before: Option<i64>,
) -> Result<Vec<Row>, DbError> {
    let user = &stored.user;
    let birth = user.date_of_birth.map(|d| d.get());
    let rows = outbox::rows(events);
    let (email, first, last) = (user.email.as_str(), user.first_name.as_str(), user.last_name.as_str());
    let (role, status) = (user.role.as_str(), user.status.as_str());
    let (zone, locale) = (user.time_zone.as_str(), user.locale.as_str());
    let mut params: Vec<Param<'_>> = vec![
        (&user.id.0, Type::UUID),
        (&stored.cognito_sub, Type::TEXT),
        (&email, Type::TEXT),
        (&first, Type::TEXT),
        (&last, Type::TEXT),
        (&role, Type::TEXT),
        (&status, Type::TEXT),
        (&birth, Type::DATE),
        (&zone, Type::TEXT),
        (&locale, Type::TEXT),
        (&user.sequence, Type::INT8),
        (&rows, Type::JSONB),
    ];
    if let Some(before) = &before {
        params.push((before, Type::INT8));
    }
    db.write(sql, &params).await
}
