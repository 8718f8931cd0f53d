//! The tables `consents`, `consent_links` and `consent_decisions`.

use jiff::Timestamp;
use lectern_domain::id::{ConsentId, EventId, UserId};
use lectern_domain::identity::{
    Consent, ConsentScope, ConsentStatus, LinkPurpose, NOTICE_VERSION, UserStatus,
};
use lectern_domain::link::LinkToken;
use lectern_postgres::{Database, DbError, Row, Type};

use super::users::{Params, Stored, insert_user, list, stored, update_user, user_columns};
use crate::effects::Effects;

/// What a secret link leads to.
#[derive(Clone, Debug)]
pub struct Linked {
    /// What the link lets its holder do.
    pub purpose: LinkPurpose,
    /// The consent.
    pub consent: Consent,
    /// The child; `None` when it is erased.
    pub child: Option<Stored>,
}

/// The columns of a [`Consent`] of the table alias `c`, for [`consent`].
macro_rules! consent_columns {
    () => {
        "c.id AS consent_id, c.user_id AS consent_child, c.status AS consent_status, \
         c.scopes AS consent_scopes, c.requested_at AS consent_requested_at, c.expires_at AS consent_expires_at, \
         c.decided_at AS consent_decided_at, c.sequence AS consent_sequence"
    };
}
pub(super) use consent_columns;

/// A row with [`consent_columns!`].
pub(super) fn consent(row: &Row) -> Result<Consent, DbError> {
    let time = |name: &str| row.try_get::<_, Timestamp>(name);
    Ok(Consent {
        id: ConsentId(row.try_get("consent_id")?),
        child: UserId(row.try_get("consent_child")?),
        status: ConsentStatus::parse(row.try_get("consent_status")?)?,
        scopes: list(row, "consent_scopes", ConsentScope::parse)?,
        requested_at: time("consent_requested_at")?.into(),
        expires_at: time("consent_expires_at")?.into(),
        decided_at: row.try_get::<_, Option<Timestamp>>("consent_decided_at")?.map(Into::into),
        sequence: row.try_get("consent_sequence")?,
    })
}

fn scopes(consent: &Consent) -> Vec<&'static str> {
    consent.scopes.iter().map(|scope| scope.as_str()).collect()
}

/// Saves a child whose email was just verified together with the request for its parent's consent: `before`
/// is the user's sequence before, 0 for one that is new. `false`, and nothing done, when it has changed
/// since.
pub async fn request(
    db: &Database,
    child: &Stored,
    before: i64,
    consent: &Consent,
    effects: &Effects,
) -> Result<bool, DbError> {
    macro_rules! with_request {
        ($save:expr) => {
            concat!(
                "WITH saved AS (",
                $save,
                " RETURNING id),
                asked AS (
                    INSERT INTO consents (id, user_id, status, requested_at, expires_at, sequence)
                    SELECT $27, id, $28, $29, $30, $31 FROM saved
                )
                SELECT keep_effects($23, $24, $25, $26) FROM saved"
            )
        };
    }
    let (status, requested_at) = (consent.status.as_str(), consent.requested_at.get());
    let expires_at = consent.expires_at.get();
    let params = Params::new(child, effects);
    let mut list = params.list();
    list.extend([
        (&consent.id.0 as _, Type::UUID),
        (&status as _, Type::TEXT),
        (&requested_at as _, Type::TIMESTAMPTZ),
        (&expires_at as _, Type::TIMESTAMPTZ),
        (&consent.sequence as _, Type::INT8),
    ]);
    let rows = if before == 0 {
        db.write(with_request!(insert_user!()), &list).await?
    } else {
        list.push((&before, Type::INT8));
        db.write(with_request!(update_user!("$32")), &list).await?
    };
    Ok(!rows.is_empty())
}

/// What the link leads to, unless its time is over.
pub async fn linked(db: &Database, link: &LinkToken, now: Timestamp) -> Result<Option<Linked>, DbError> {
    let sql = concat!(
        "SELECT l.purpose, ",
        consent_columns!(),
        ", ",
        user_columns!(),
        " FROM consent_links l JOIN consents c ON c.id = l.consent_id JOIN users ON users.id = c.user_id
          WHERE l.hash = $1 AND (l.expires_at IS NULL OR l.expires_at > $2)"
    );
    let hash = link.hash().to_vec();
    let rows = db.read(sql, &[(&hash, Type::BYTEA), (&now, Type::TIMESTAMPTZ)]).await?;
    let read = |row: &Row| {
        let erased = row.try_get::<_, &str>("status")? == UserStatus::Erased.as_str();
        let child = if erased { None } else { Some(stored(row)?) };
        let purpose = LinkPurpose::parse(row.try_get("purpose")?)?;
        Ok(Linked { purpose, consent: consent(row)?, child })
    };
    rows.first().map(read).transpose()
}

/// Makes a link for the letter that `event` asks for: one to decide while the consent is requested and in
/// time, or one to manage it while it is granted. Gives the child and the consent; `None`, and nothing done,
/// when the consent has gone on, the child is erased, or the letter was posted already (`consumer` has taken
/// the event).
pub async fn make_link(
    db: &Database,
    (consumer, event): (&str, EventId),
    consent_id: ConsentId,
    (link, purpose): (&LinkToken, LinkPurpose),
    now: Timestamp,
) -> Result<Option<(Consent, Stored)>, DbError> {
    let sql = concat!(
        "WITH due AS (
            SELECT c.id, CASE $2 WHEN 'decide' THEN c.expires_at END AS expires_at
            FROM consents c JOIN users ON users.id = c.user_id
            WHERE c.id = $1 AND users.status <> 'erased'
              AND CASE $2 WHEN 'decide' THEN c.status = 'requested' AND c.expires_at > $4
                          ELSE c.status = 'granted' END
              AND NOT EXISTS (SELECT 1 FROM inbox WHERE consumer = $5 AND event_id = $6)
        ),
        made AS (
            INSERT INTO consent_links (hash, consent_id, purpose, made_at, expires_at)
            SELECT $3, id, $2, $4, expires_at FROM due RETURNING consent_id
        )
        SELECT ",
        consent_columns!(),
        ", ",
        user_columns!(),
        " FROM made JOIN consents c ON c.id = made.consent_id JOIN users ON users.id = c.user_id"
    );
    let (hash, purpose) = (link.hash().to_vec(), purpose.as_str());
    let params = [
        (&consent_id.0 as _, Type::UUID),
        (&purpose as _, Type::TEXT),
        (&hash as _, Type::BYTEA),
        (&now as _, Type::TIMESTAMPTZ),
        (&consumer as _, Type::TEXT),
        (&event.0 as _, Type::UUID),
    ];
    let rows = db.write(sql, &params).await?;
    rows.first().map(|row| Ok((consent(row)?, stored(row)?))).transpose()
}

/// Remembers that the letter that `event` asks for is posted.
pub async fn letter_posted(db: &Database, consumer: &str, event: EventId) -> Result<(), DbError> {
    let params = [(&consumer as _, Type::TEXT), (&event.0 as _, Type::UUID)];
    db.write("SELECT inbox_take($1, $2)", &params).await.map(drop)
}

/// Saves a yes, or a change of its scopes: the consent, the decision, the child and what comes along.
/// `before` are the sequences of the consent and the child before. `false`, and nothing done, when either has
/// changed since.
pub async fn grant(
    db: &Database,
    consent: &Consent,
    child: &Stored,
    before: (i64, i64),
    effects: &Effects,
) -> Result<bool, DbError> {
    // Both rows are locked and looked at again before either is changed, so that it is both or none.
    let sql = concat!(
        "WITH fresh AS MATERIALIZED (
            SELECT c.id FROM users u JOIN consents c ON c.user_id = u.id
            WHERE u.id = $1 AND u.sequence = $27 AND c.id = $28 AND c.sequence = $29
            FOR UPDATE OF u, c
        ),
        changed AS (",
        update_user!("$27 AND EXISTS (SELECT 1 FROM fresh)"),
        " RETURNING id),
        decided AS (
            UPDATE consents SET status = $30, scopes = $31, decided_at = $32, sequence = $33
            FROM changed WHERE consents.id = $28 RETURNING consents.id, consents.user_id
        ),
        kept AS (
            INSERT INTO consent_decisions
                (consent_id, user_id, decision, scopes, method, notice_version, decided_at)
            SELECT id, user_id, $30, $31, 'email_link', $34, $32 FROM decided
        )
        SELECT keep_effects($23, $24, $25, $26) FROM changed"
    );
    let (status, scopes) = (consent.status.as_str(), scopes(consent));
    let decided_at = consent.decided_at.map(|at| at.get());
    let params = Params::new(child, effects);
    let mut list = params.list();
    list.extend([
        (&before.1 as _, Type::INT8),
        (&consent.id.0 as _, Type::UUID),
        (&before.0 as _, Type::INT8),
        (&status as _, Type::TEXT),
        (&scopes as _, Type::TEXT_ARRAY),
        (&decided_at as _, Type::TIMESTAMPTZ),
        (&consent.sequence as _, Type::INT8),
        (&NOTICE_VERSION as _, Type::TEXT),
    ]);
    Ok(!db.write(sql, &list).await?.is_empty())
}

/// Saves a no, the end of a yes, or that nobody answered: the consent, the decision and what comes along. The
/// child is erased afterwards. `false`, and nothing done, when the consent has changed since `before`.
pub async fn refuse(
    db: &Database,
    consent: &Consent,
    before: i64,
    effects: &Effects,
) -> Result<bool, DbError> {
    let sql = "
        WITH decided AS (
            UPDATE consents SET status = $3, scopes = '{}', decided_at = $4, sequence = $5
            WHERE id = $1 AND sequence = $2 AND NOT erased RETURNING id, user_id
        ),
        kept AS (
            INSERT INTO consent_decisions
                (consent_id, user_id, decision, scopes, method, notice_version, decided_at)
            SELECT id, user_id, $3, '{}', $6, $7, $4 FROM decided
        )
        SELECT keep_effects($8, $9, $10, $11) FROM decided";
    let status = consent.status.as_str();
    let method = if consent.status == ConsentStatus::Expired { "none" } else { "email_link" };
    let decided_at = consent.decided_at.map(|at| at.get());
    let effects = effects.params();
    let mut params = vec![
        (&consent.id.0 as _, Type::UUID),
        (&before as _, Type::INT8),
        (&status as _, Type::TEXT),
        (&decided_at as _, Type::TIMESTAMPTZ),
        (&consent.sequence as _, Type::INT8),
        (&method as _, Type::TEXT),
        (&NOTICE_VERSION as _, Type::TEXT),
    ];
    params.extend(effects.list());
    Ok(!db.write(sql, &params).await?.is_empty())
}
