//! The tables `users`, `consents` and `erasures`, as admins and services look people up.

use jiff::Timestamp;
use lectern_domain::email::Email;
use lectern_domain::id::{ConsentId, UserId};
use lectern_domain::identity::{ConsentScope, ConsentStatus, UserStatus};
use lectern_domain::role::Role;
use lectern_domain::text::{Line, Text};
use lectern_postgres::{Database, DbError, Row, Type};
use uuid::Uuid;

use super::users::{Stored, list as words, stored, user_columns};
use crate::effects::Effects;

/// Which users, in the admins' list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only in this state; without it everybody who isn't erased.
    pub status: Option<UserStatus>,
    /// Only of this role.
    pub role: Option<Role>,
    /// Only with this in email or name, whatever its case.
    pub text: Option<String>,
}

/// A user in the admins' list. Of an erased one nothing personal is left.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Id.
    pub id: UserId,
    /// Email.
    pub email: Option<Email>,
    /// First name.
    pub first_name: Option<Line<80>>,
    /// Last name.
    pub last_name: Option<Line<80>>,
    /// What they act as.
    pub role: Role,
    /// State.
    pub status: UserStatus,
    /// When a suspension ends by itself.
    pub suspended_until: Option<Timestamp>,
    /// When the account began.
    pub created_at: Timestamp,
    /// When it was erased.
    pub erased_at: Option<Timestamp>,
}

macro_rules! page_of_users {
    ($which:literal) => {
        concat!(
            "SELECT users.id, users.email, users.first_name, users.last_name, users.role, users.status, \
             users.suspended_until, users.created_at, e.erased_at \
             FROM users LEFT JOIN erasures e ON e.user_id = users.id WHERE ",
            $which,
            " AND ($2::text IS NULL OR users.role = $2) AND ($4::uuid IS NULL OR users.id < $4) \
             ORDER BY users.id DESC LIMIT $5"
        )
    };
}

/// Those that aren't erased. The expression is the one of the index `users_text`, which is used for texts of
/// three characters and more (a trigram).
pub(crate) const PAGE: &str = page_of_users!(
    "users.status <> 'erased' AND ($1::text IS NULL OR users.status = $1) AND ($3::text IS NULL OR \
     (users.email || ' ' || users.first_name || ' ' || coalesce(users.last_name, '')) ILIKE $3)"
);

/// Those that are: a text finds none of them.
const PAGE_OF_ERASED: &str = page_of_users!("users.status = $1 AND $3::text IS NULL");

/// Up to `limit` users, the newest first (ids rise with time), after the one with the id `after`.
pub async fn page(
    db: &Database,
    filter: &Filter,
    after: Option<UserId>,
    limit: u32,
) -> Result<Vec<Listed>, DbError> {
    let sql = if filter.status == Some(UserStatus::Erased) { PAGE_OF_ERASED } else { PAGE };
    let (status, role) = (filter.status.map(UserStatus::as_str), filter.role.map(Role::as_str));
    let pattern = filter.text.as_deref().map(containing);
    let (after, limit) = (after.map(|id| id.0), i64::from(limit));
    let params = [
        (&status as _, Type::TEXT),
        (&role as _, Type::TEXT),
        (&pattern as _, Type::TEXT),
        (&after as _, Type::UUID),
        (&limit as _, Type::INT8),
    ];
    db.read(sql, &params).await?.iter().map(listed).collect()
}

/// A pattern for what contains this text, in which nothing has a meaning of its own.
pub(crate) fn containing(text: &str) -> String {
    let plain = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{plain}%")
}

fn listed(row: &Row) -> Result<Listed, DbError> {
    let maybe = |name: &str| row.try_get::<_, Option<&str>>(name);
    Ok(Listed {
        id: UserId(row.try_get("id")?),
        email: maybe("email")?.map(Email::parse).transpose()?,
        first_name: maybe("first_name")?.map(Text::parse).transpose()?,
        last_name: maybe("last_name")?.map(Text::parse).transpose()?,
        role: Role::parse(row.try_get("role")?)?,
        status: UserStatus::parse(row.try_get("status")?)?,
        suspended_until: row.try_get("suspended_until")?,
        created_at: row.try_get("created_at")?,
        erased_at: row.try_get("erased_at")?,
    })
}

/// What an admin sees of one user.
#[derive(Clone, Debug)]
pub enum Seen {
    /// Somebody with an account, and how a parent's consent stands if there is one.
    Kept(Box<Stored>, Option<ParentsWord>),
    /// Somebody who was erased: id, and when.
    Erased(UserId, Timestamp),
}

/// How a parent's consent stands.
#[derive(Clone, Debug)]
pub struct ParentsWord {
    /// The consent's id.
    pub id: ConsentId,
    /// State.
    pub status: ConsentStatus,
    /// What it covers.
    pub scopes: Vec<ConsentScope>,
    /// When the parent was asked.
    pub requested_at: Timestamp,
    /// When the time for an answer is over.
    pub expires_at: Timestamp,
    /// Of the last decision.
    pub decided_at: Option<Timestamp>,
}

/// One user, erased or not, and in the same statement the entry of the audit log that somebody looked; no
/// entry where there is nobody.
pub async fn look_at(db: &Database, id: UserId, effects: &Effects) -> Result<Option<Seen>, DbError> {
    let sql = concat!(
        "WITH found AS (SELECT ",
        user_columns!(),
        ", c.id AS consent_id, c.status AS consent_status, c.scopes AS consent_scopes, \
           c.requested_at AS consent_requested_at, c.expires_at AS consent_expires_at, \
           c.decided_at AS consent_decided_at, e.erased_at \
         FROM users LEFT JOIN consents c ON c.user_id = users.id \
         LEFT JOIN erasures e ON e.user_id = users.id \
         WHERE users.id = $5) \
         SELECT found.*, keep_effects($1, $2, $3, $4) FROM found"
    );
    let effects = effects.params();
    let mut params = effects.list().to_vec();
    params.push((&id.0, Type::UUID));
    let rows = db.write(sql, &params).await?;
    rows.first().map(seen).transpose()
}

fn seen(row: &Row) -> Result<Seen, DbError> {
    if UserStatus::parse(row.try_get("status")?)? == UserStatus::Erased {
        return Ok(Seen::Erased(UserId(row.try_get("id")?), row.try_get("erased_at")?));
    }
    Ok(Seen::Kept(Box::new(stored(row)?), parents_word(row)?))
}

fn parents_word(row: &Row) -> Result<Option<ParentsWord>, DbError> {
    let Some(id) = row.try_get::<_, Option<Uuid>>("consent_id")? else { return Ok(None) };
    Ok(Some(ParentsWord {
        id: ConsentId(id),
        status: ConsentStatus::parse(row.try_get("consent_status")?)?,
        scopes: words(row, "consent_scopes", ConsentScope::parse)?,
        requested_at: row.try_get("consent_requested_at")?,
        expires_at: row.try_get("consent_expires_at")?,
        decided_at: row.try_get("consent_decided_at")?,
    }))
}

/// Those of these users that there are, by id; erased ones are not.
pub async fn by_ids(db: &Database, ids: &[UserId]) -> Result<Vec<Stored>, DbError> {
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        " FROM users WHERE id = ANY($1) AND status <> 'erased' ORDER BY id"
    );
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    db.read(sql, &[(&ids, Type::UUID_ARRAY)]).await?.iter().map(stored).collect()
}

/// Those whose suspension ends by `now`, the longest waiting first, at most `limit`.
pub async fn suspended_until(db: &Database, now: Timestamp, limit: i64) -> Result<Vec<Stored>, DbError> {
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        " FROM users WHERE status = 'suspended' AND suspended_until <= $1 ORDER BY suspended_until LIMIT $2"
    );
    let rows = db.read(sql, &[(&now, Type::TIMESTAMPTZ), (&limit, Type::INT8)]).await?;
    rows.iter().map(stored).collect()
}
