//! Accounts that somebody makes for somebody else: a superadmin an admin, a service a user whom it brings
//! along. The maker vouches for the email and for the age; the person sets a password with an emailed code.
//!
//! Two systems hold an account, and no transaction spans them. The order is fixed, and every step can be
//! repeated:
//!
//! 1. Our row is put in as `pending_verification`, unless the email has an account or the request was
//!    answered.
//! 2. The user pool makes the account, confirmed, with a random password that nobody learns; one that an
//!    earlier try made is taken over.
//! 3. The user pool mails the code. Whoever was quick to use it could not sign in yet.
//! 4. Our row gets the pool's id and becomes `active`, together with the first answer to the request.
//!
//! Whatever fails, the same request again (or another one for this email) goes on where it stopped, and an
//! answer of 201 means that all four were done. If nobody comes again, the row goes the way of every account
//! whose email was never verified: after some days it is erased, and what the pool has under its email is
//! deleted with it. So neither side keeps an account that the other doesn't know, and nobody is locked out of
//! an email of their own.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lectern_domain::id::UserId;
use lectern_domain::identity::{Appointment, User};
use lectern_domain::role::{Actor, Role};
use lectern_postgres::idempotency;
use lectern_runtime::http::IdempotencyKey;
use lectern_runtime::problem::ProblemType;
use lectern_runtime::{Created, Cx, Need, Problem, problem};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::align;
use crate::effects::{Effects, follow_up};
use crate::services::{Identity, USER_POOL};
use crate::store::alignments;
use crate::store::appointments::{self, Asked};
use crate::store::users::Stored;

/// What making an account may be refused with.
pub const PROBLEMS: &[&ProblemType] = &[&problem::EMAIL_TAKEN, &problem::CONCURRENT_CHANGE];
/// What it needs.
pub const NEEDS: &[Need] = &[Need::Database, Need::Bus, USER_POOL];

/// Who was made. Ids and words only: it is kept as the first answer to its request.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppointedUser {
    user_id: UserId,
    role: Role,
    /// `set_password`: with the code that was mailed to them, at `POST /v1/auth/reset-password`.
    next: &'static str,
}

/// Who makes an account, and by which request.
#[derive(Clone, Copy, Debug)]
pub struct Maker<'a> {
    /// For the audit log.
    pub actor: &'a Actor,
    /// As idempotency keys name the caller.
    pub caller: &'a str,
    /// The use case's name.
    pub use_case: &'static str,
    /// Of the request.
    pub key: &'a IdempotencyKey,
}

/// Makes an account, once for each key.
pub async fn appoint(
    cx: &Cx<Identity>,
    maker: Maker<'_>,
    appointment: Appointment,
) -> Result<Created<AppointedUser>, Problem> {
    let asked = Asked { caller: maker.caller, use_case: maker.use_case, key: maker.key };
    let (begun, events) = User::begin_appointment(UserId(cx.fresh_id()), appointment.clone(), cx.now());
    let effects = Effects::of(cx.seal(events));
    let found = appointments::begin(&cx.base.db, &begun, asked, &effects).await?;
    if let Some(answer) = idempotency::earlier(found.first_answer, maker.key)? {
        return Ok(Created::replay(answer));
    }
    let begun = match found.known.map(|stored| stored.user) {
        None if found.fresh => begun,
        Some(known) if known.is_being_appointed() => known,
        Some(_) => return Err(Problem::new(&problem::EMAIL_TAKEN)),
        // Somebody else began in this very moment.
        None => return again(cx, asked).await,
    };
    if found.fresh {
        follow_up(cx, &effects).await;
    }
    let sub = cx.pool.appoint(&appointment, &random_password(cx)).await?;
    cx.pool.forgot_password(&appointment.email).await?;
    finish(cx, maker, asked, begun, appointment, sub).await
}

async fn finish(
    cx: &Cx<Identity>,
    maker: Maker<'_>,
    asked: Asked<'_>,
    begun: User,
    appointment: Appointment,
    sub: String,
) -> Result<Created<AppointedUser>, Problem> {
    let before = begun.sequence;
    let (user, events) = begun.finish_appointment(appointment, cx.now()).map_err(Problem::internal)?;
    let (user_id, role) = (user.id, user.role);
    let details = json!({ "role": role });
    let effects = Effects::of(cx.seal(events)).audit(cx, maker.actor, "user.appointed", user_id, details);
    let view = AppointedUser { user_id, role, next: "set_password" };
    let answer = serde_json::to_value(&view).map_err(Problem::internal)?;
    let stored = Stored { user, cognito_sub: Some(sub.clone()) };
    match appointments::finish(&cx.base.db, &stored, before, asked, &effects, &answer).await {
        Ok(true) => {
            follow_up(cx, &effects).await;
            Ok(Created::new(view))
        }
        Ok(false) => {
            make_way(cx, &sub).await?;
            again(cx, asked).await
        }
        Err(error) if error.is_constraint(idempotency::CONSTRAINT) => again(cx, asked).await,
        Err(error) => Err(error.into()),
    }
}

/// The pool's account may be one of somebody erased, which is yet to be deleted there: nothing can be built
/// on it. It is deleted now; the request can be sent again at once.
async fn make_way(cx: &Cx<Identity>, sub: &str) -> Result<(), Problem> {
    let Some(leaving) = alignments::of_erased(&cx.base.db, sub).await? else { return Ok(()) };
    align::settle(cx, &leaving).await.map_err(Problem::unavailable)?;
    Err(Problem::unavailable("the pool's account was of somebody erased, and is deleted only now"))
}

/// What a request that lost a race answers: what the same request was answered, or else that there was
/// another.
async fn again(cx: &Cx<Identity>, asked: Asked<'_>) -> Result<Created<AppointedUser>, Problem> {
    match idempotency::read(&cx.base.db, asked.caller, asked.use_case, asked.key).await {
        Ok(answer) => Ok(Created::replay(answer)),
        Err(problem) if *problem.kind() == problem::IDEMPOTENCY_IN_PROGRESS => {
            Err(Problem::new(&problem::CONCURRENT_CHANGE).detail("This email is just getting an account."))
        }
        Err(problem) => Err(problem),
    }
}

/// 256 bits, and one character of each class that the pool's policy asks for.
fn random_password(cx: &Cx<Identity>) -> String {
    format!("Aa1!{}", URL_SAFE_NO_PAD.encode(cx.random::<32>()))
}
