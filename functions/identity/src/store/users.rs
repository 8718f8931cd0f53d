//! The table `users`.

use lectern_domain::email::Email;
use lectern_domain::id::UserId;
use lectern_domain::identity::{Avatar, ConsentScope, Suspension, User, UserStatus};
use lectern_domain::role::Role;
use lectern_domain::text::Text;
use lectern_domain::time::ZoneName;
use lectern_postgres::database::Param;
use lectern_postgres::{Database, DbError, Row, Type};

use crate::effects::{EffectParams, Effects};

/// A user as stored: with the user pool's id of it.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The aggregate.
    pub user: User,
    /// The user pool's id; none until the email is verified.
    pub cognito_sub: Option<String>,
}

/// The columns of a [`Stored`], for [`stored`].
macro_rules! user_columns {
    () => {
        "users.id, users.cognito_sub, users.email, users.parent_email, users.first_name, users.last_name, \
         users.role, users.status, users.date_of_birth, users.time_zone, users.locale, users.bio, users.skills, \
         users.avatar, users.consent, users.suspended_by, users.suspension_reason, users.suspended_until, \
         users.access_version, users.created_at, users.updated_at, users.sequence"
    };
}

pub(super) use user_columns;

/// The `INSERT` of a user whose columns are the parameters 1 to 22 of [`Params`]; none, when the email has an
/// account.
macro_rules! insert_user {
    () => {
        "INSERT INTO users (id, cognito_sub, email, parent_email, first_name, last_name, role, status, \
         date_of_birth, time_zone, locale, bio, skills, avatar, consent, suspended_by, suspension_reason, \
         suspended_until, access_version, created_at, updated_at, sequence) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, \
         $21, $22) ON CONFLICT (email) WHERE status <> 'erased' DO NOTHING"
    };
}
pub(super) use insert_user;

/// The `UPDATE` of a user whose columns are the parameters 1 to 22 of [`Params`], and whose sequence before is
/// the parameter that is named.
macro_rules! update_user {
    ($before:literal) => {
        concat!(
            "UPDATE users SET cognito_sub = $2, email = $3, parent_email = $4, first_name = $5, last_name = $6, \
             role = $7, status = $8, date_of_birth = $9, time_zone = $10, locale = $11, bio = $12, skills = $13, \
             avatar = $14, consent = $15, suspended_by = $16, suspension_reason = $17, suspended_until = $18, \
             access_version = $19, created_at = $20, updated_at = $21, sequence = $22 \
             WHERE id = $1 AND sequence = ",
            $before
        )
    };
}
pub(super) use update_user;

/// A row with [`user_columns!`].
pub fn stored(row: &Row) -> Result<Stored, DbError> {
    let text = |name: &str| row.try_get::<_, &str>(name);
    let maybe = |name: &str| row.try_get::<_, Option<&str>>(name);
    let birth: Option<jiff::civil::Date> = row.try_get("date_of_birth")?;
    let user = User {
        id: UserId(row.try_get("id")?),
        email: Email::parse(text("email")?)?,
        parent_email: maybe("parent_email")?.map(Email::parse).transpose()?,
        first_name: Text::parse(text("first_name")?)?,
        last_name: maybe("last_name")?.map(Text::parse).transpose()?,
        role: Role::parse(text("role")?)?,
        status: UserStatus::parse(text("status")?)?,
        date_of_birth: birth.map(Into::into),
        time_zone: ZoneName::parse(text("time_zone")?)?,
        locale: Text::parse(text("locale")?)?,
        bio: maybe("bio")?.map(Text::parse).transpose()?,
        skills: list(row, "skills", Text::parse)?,
        avatar: maybe("avatar")?.map(Avatar::parse).transpose()?,
        consent: list(row, "consent", ConsentScope::parse)?,
        suspension: suspension(row)?,
        access_version: row.try_get("access_version")?,
        created_at: row.try_get::<_, jiff::Timestamp>("created_at")?.into(),
        updated_at: row.try_get::<_, jiff::Timestamp>("updated_at")?.into(),
        sequence: row.try_get("sequence")?,
    };
    Ok(Stored { user, cognito_sub: row.try_get("cognito_sub")? })
}

/// A column of texts, each read with `parse`.
pub(super) fn list<T, E>(
    row: &Row,
    name: &str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Vec<T>, DbError>
where
    DbError: From<E>,
{
    let texts: Vec<&str> = row.try_get(name)?;
    texts.into_iter().map(|text| Ok(parse(text)?)).collect()
}

fn suspension(row: &Row) -> Result<Option<Suspension>, DbError> {
    let (by, reason): (Option<uuid::Uuid>, Option<&str>) =
        (row.try_get("suspended_by")?, row.try_get("suspension_reason")?);
    let until: Option<jiff::Timestamp> = row.try_get("suspended_until")?;
    let (Some(by), Some(reason)) = (by, reason) else { return Ok(None) };
    Ok(Some(Suspension { by: UserId(by), reason: Text::parse(reason)?, until: until.map(Into::into) }))
}

/// The user with this id, unless erased.
pub async fn by_id(db: &Database, id: UserId) -> Result<Option<Stored>, DbError> {
    let sql = concat!("SELECT ", user_columns!(), " FROM users WHERE id = $1 AND status <> 'erased'");
    let rows = db.read(sql, &[(&id.0, Type::UUID)]).await?;
    rows.first().map(stored).transpose()
}

/// The user with this email, unless erased.
pub async fn by_email(db: &Database, email: &Email) -> Result<Option<Stored>, DbError> {
    let sql = concat!("SELECT ", user_columns!(), " FROM users WHERE email = $1 AND status <> 'erased'");
    let rows = db.read(sql, &[(&email.as_str(), Type::TEXT)]).await?;
    rows.first().map(stored).transpose()
}

/// The user that the user pool knows by `sub`.
pub async fn by_sub(db: &Database, sub: &str) -> Result<Option<Stored>, DbError> {
    let sql = concat!("SELECT ", user_columns!(), " FROM users WHERE cognito_sub = $1");
    let rows = db.read(sql, &[(&sub, Type::TEXT)]).await?;
    rows.first().map(stored).transpose()
}

/// Puts a new user in, with what comes along; `false`, and nothing done, when the email has an account.
pub async fn insert(db: &Database, stored: &Stored, effects: &Effects) -> Result<bool, DbError> {
    let sql = concat!(
        "WITH put AS (",
        insert_user!(),
        " RETURNING 1) SELECT keep_effects($23, $24, $25, $26) FROM put"
    );
    let params = Params::new(stored, effects);
    Ok(!db.write(sql, &params.list()).await?.is_empty())
}

/// Saves a user whose stored sequence is `before`, with what comes along; `false`, and nothing done, when it has
/// changed since. The last superadmin is kept by the constraint [`LAST_SUPERADMIN`].
pub async fn update(db: &Database, stored: &Stored, before: i64, effects: &Effects) -> Result<bool, DbError> {
    let sql = concat!(
        "WITH changed AS (",
        update_user!("$27"),
        " RETURNING 1) SELECT keep_effects($23, $24, $25, $26) FROM changed"
    );
    let params = Params::new(stored, effects);
    let mut list = params.list();
    list.push((&before, Type::INT8));
    Ok(!db.write(sql, &list).await?.is_empty())
}

/// The constraint that lets the user pool's id lead to one user.
pub const SUB: &str = "users_cognito_sub_key";
/// The constraint that keeps the last superadmin.
pub const LAST_SUPERADMIN: &str = "users_last_superadmin";

/// The columns of a user and what comes along, as parameters 1 to 26. Of an erased user nothing personal is left.
pub(super) struct Params<'a> {
    id: &'a uuid::Uuid,
    sub: Option<&'a str>,
    email: Option<&'a str>,
    parent_email: Option<&'a str>,
    first_name: Option<&'a str>,
    last_name: Option<&'a str>,
    role: &'static str,
    status: &'static str,
    birth: Option<jiff::civil::Date>,
    time_zone: &'a str,
    locale: &'a str,
    bio: Option<&'a str>,
    skills: Vec<&'a str>,
    avatar: Option<&'static str>,
    consent: Vec<&'static str>,
    suspended_by: Option<uuid::Uuid>,
    suspension_reason: Option<&'a str>,
    suspended_until: Option<jiff::Timestamp>,
    access_version: i64,
    created_at: jiff::Timestamp,
    updated_at: jiff::Timestamp,
    sequence: i64,
    effects: EffectParams,
}

impl<'a> Params<'a> {
    pub(super) fn new(stored: &'a Stored, effects: &Effects) -> Self {
        let user = &stored.user;
        let erased = user.status == UserStatus::Erased;
        let kept = Some(user).filter(|_| !erased);
        let suspension = kept.and_then(|u| u.suspension.as_ref());
        Self {
            id: &user.id.0,
            sub: stored.cognito_sub.as_deref().filter(|_| !erased),
            email: kept.map(|u| u.email.as_str()),
            parent_email: kept.and_then(|u| u.parent_email.as_ref()).map(Email::as_str),
            first_name: kept.map(|u| u.first_name.as_str()),
            last_name: kept.and_then(|u| u.last_name.as_ref()).map(Text::as_str),
            role: user.role.as_str(),
            status: user.status.as_str(),
            birth: kept.and_then(|u| u.date_of_birth).map(|d| d.get()),
            time_zone: kept.map_or("UTC", |u| u.time_zone.as_str()),
            locale: kept.map_or("en", |u| u.locale.as_str()),
            bio: kept.and_then(|u| u.bio.as_ref()).map(Text::as_str),
            skills: kept.map(|u| u.skills.iter().map(Text::as_str).collect()).unwrap_or_default(),
            avatar: kept.and_then(|u| u.avatar).map(Avatar::as_str),
            consent: kept.map(|u| u.consent.iter().map(|s| s.as_str()).collect()).unwrap_or_default(),
            suspended_by: suspension.map(|s| s.by.0),
            suspension_reason: suspension.map(|s| s.reason.as_str()),
            suspended_until: suspension.and_then(|s| s.until).map(|u| u.get()),
            access_version: user.access_version,
            created_at: user.created_at.get(),
            updated_at: user.updated_at.get(),
            sequence: user.sequence,
            effects: effects.params(),
        }
    }

    pub(super) fn list(&self) -> Vec<Param<'_>> {
        let mut list: Vec<Param<'_>> = vec![
            (self.id, Type::UUID),
            (&self.sub, Type::TEXT),
            (&self.email, Type::TEXT),
            (&self.parent_email, Type::TEXT),
            (&self.first_name, Type::TEXT),
            (&self.last_name, Type::TEXT),
            (&self.role, Type::TEXT),
            (&self.status, Type::TEXT),
            (&self.birth, Type::DATE),
            (&self.time_zone, Type::TEXT),
            (&self.locale, Type::TEXT),
            (&self.bio, Type::TEXT),
            (&self.skills, Type::TEXT_ARRAY),
            (&self.avatar, Type::TEXT),
            (&self.consent, Type::TEXT_ARRAY),
            (&self.suspended_by, Type::UUID),
            (&self.suspension_reason, Type::TEXT),
            (&self.suspended_until, Type::TIMESTAMPTZ),
            (&self.access_version, Type::INT8),
            (&self.created_at, Type::TIMESTAMPTZ),
            (&self.updated_at, Type::TIMESTAMPTZ),
            (&self.sequence, Type::INT8),
        ];
        list.extend(self.effects.list());
        list
    }
}
