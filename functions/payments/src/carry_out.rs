//! From a decision about a payment to Stripe and back.
//!
//! 1. Load the payment, decide (a method of the domain), take in hand what follows at Stripe.
//! 2. Save all of it in one statement: the payment, its operations, the ledger's transactions, the events. Whoever
//!    was not fast enough loads and decides again.
//! 3. Send the call to Stripe, with the operation's own key.
//! 4. Tell the payment how it ended, and go on with 2 until nothing follows.
//!
//! A crash between any two lines leaves either nothing, or an open operation: the next run of the same step, or the
//! sweep (`settle-payables`), sends it again with the same key.

use lectern_domain::field::FieldErrors;
use lectern_domain::id::PaymentId;
use lectern_domain::payments::{
    Call, Changes, IntentSeen, OperationKind, OperationState, Outcome, Payment, PaymentError,
};
use lectern_postgres::DbError;
use lectern_runtime::{Cx, Fault, Problem, metrics, problem};

use jiff::Timestamp;

use crate::services::Payments;
use crate::store::payments::{self, Loaded, Save};
use crate::stripe::{Performed, StripeError};

/// How often a decision is made anew because somebody else was faster.
const TRIES_MAX: usize = 6;

/// Why a decision could not be made or saved.
#[derive(Debug, thiserror::Error)]
pub enum CarryOutError {
    /// The payment says no.
    #[error(transparent)]
    Payment(#[from] PaymentError),
    /// The database can't be reached, or refuses.
    #[error(transparent)]
    Database(#[from] DbError),
    /// Others were faster, again and again.
    #[error("the payment is being changed by others")]
    Contended,
    /// There is none of this id.
    #[error("there is no such payment")]
    NoSuchPayment,
    /// There is none of this id.
    #[error("there is no such payout")]
    NoSuchPayout,
    /// Stripe could not be asked what a decision needs.
    #[error(transparent)]
    Stripe(#[from] StripeError),
}

impl From<CarryOutError> for Fault {
    fn from(error: CarryOutError) -> Self {
        let kind = match &error {
            CarryOutError::Payment(PaymentError::WrongState(_)) => "WrongState",
            CarryOutError::Payment(PaymentError::RefundTooLarge { .. }) => "RefundTooLarge",
            CarryOutError::Payment(PaymentError::AnotherIntent) => "AnotherIntent",
            CarryOutError::Payment(_) | CarryOutError::NoSuchPayment | CarryOutError::NoSuchPayout => {
                Self::BAD_INPUT
            }
            CarryOutError::Database(_) | CarryOutError::Contended | CarryOutError::Stripe(_) => {
                Self::TRANSIENT
            }
        };
        Self::named(kind, error)
    }
}

impl From<CarryOutError> for Problem {
    fn from(error: CarryOutError) -> Self {
        match error {
            CarryOutError::Database(error) => error.into(),
            CarryOutError::Contended => Self::new(&problem::UNAVAILABLE).cause(error).retry_after(1),
            CarryOutError::Stripe(error) => error.into(),
            CarryOutError::Payment(PaymentError::WrongState(status)) => {
                Self::new(&problem::WRONG_STATE).detail(format!("The payment is {}.", status.as_str()))
            }
            CarryOutError::Payment(PaymentError::RefundTooLarge { remaining }) => {
                let most = format!("must be no more than {} minor units", remaining.amount);
                FieldErrors::one("amount", most).into()
            }
            CarryOutError::Payment(PaymentError::AnotherCurrency) => {
                FieldErrors::one("amount.currency", "must be the payment's").into()
            }
            CarryOutError::Payment(PaymentError::NoAmount) => {
                FieldErrors::one("amount.amount", "must be more than nothing").into()
            }
            CarryOutError::Payment(PaymentError::RefundReused) => Self::new(&problem::IDEMPOTENCY_KEY_REUSED),
            CarryOutError::NoSuchPayment => Self::not_found("payment"),
            CarryOutError::Payment(PaymentError::AnotherIntent) | CarryOutError::NoSuchPayout => {
                Self::internal(error)
            }
        }
    }
}

/// How far a payment has come.
#[derive(Debug)]
pub struct Carried {
    /// As it is saved now.
    pub payment: Payment,
    /// Why Stripe has not done the last thing that it was asked, if it has not.
    pub stripe: Option<StripeError>,
}

impl Carried {
    /// The fault of a step whose work isn't done yet.
    pub fn unfinished(self) -> Fault {
        match self.stripe {
            Some(error) => error.into(),
            None => Fault::transient("somebody else has the payment in hand"),
        }
    }
}

/// What Stripe let us know.
enum News {
    /// The intent, as it is.
    Seen(IntentSeen),
    /// How the call ended.
    Ended(Outcome),
    /// Refused, because the intent is as it is.
    RefusedFor { code: String, seen: IntentSeen },
}

/// The moment. Not the call's beginning: a lease must not be short by the seconds that Stripe took.
pub fn now(cx: &Cx<Payments>) -> Timestamp {
    cx.base.kit.clock.now()
}

/// Loads a payment and carries a decision out.
pub async fn carry_out<D>(cx: &Cx<Payments>, id: PaymentId, decide: D) -> Result<Carried, CarryOutError>
where
    D: FnMut(&mut Payment, Option<&str>) -> Result<Changes, PaymentError>,
{
    let loaded = payments::by_id(&cx.base.db, id).await?.ok_or(CarryOutError::NoSuchPayment)?;
    carry_out_loaded(cx, loaded, None, decide).await
}

/// The same with a payment that is loaded already. `webhook` is the event that the decision applies, if it is one.
/// The decision is given the tutor's account at Stripe when it is ready.
pub async fn carry_out_loaded<D>(
    cx: &Cx<Payments>,
    mut loaded: Loaded,
    webhook: Option<&str>,
    decide: D,
) -> Result<Carried, CarryOutError>
where
    D: FnMut(&mut Payment, Option<&str>) -> Result<Changes, PaymentError>,
{
    let call = save(cx, &mut loaded, webhook, true, decide).await?;
    go_on(cx, loaded, call).await
}

/// Sends a call that was taken in hand and saved, and everything that follows from it.
pub async fn go_on(
    cx: &Cx<Payments>,
    mut loaded: Loaded,
    mut call: Option<Call>,
) -> Result<Carried, CarryOutError> {
    let mut stripe = None;
    while let Some(present) = call {
        let (news, error) = ask(cx, &loaded.payment, &present).await;
        // What Stripe has not answered is left to the next run: now it would not answer either.
        let goes_on = !matches!(news, News::Ended(Outcome::Unknown));
        if let Some(error) = &error {
            tracing::warn!(key = present.key, cause = %error, "Stripe has not done it");
        }
        stripe = error;
        call = save(cx, &mut loaded, None, goes_on, |payment, _| hear(payment, &present, &news, now(cx)))
            .await?;
        tell_a_person(&loaded.payment, &present);
    }
    Ok(Carried { payment: loaded.payment, stripe })
}

/// What Stripe has refused too often is not tried again by itself.
pub fn tell_a_person_of(payment: &Payment, what: &str) {
    tracing::error!(payment = %payment.id, what, "a person must look");
    metrics::count(crate::CONTEXT, "PaymentsParked", 1);
}

fn tell_a_person(payment: &Payment, call: &Call) {
    let operation = payment.operation(call.kind, &call.reference);
    let is_given_up = operation.is_some_and(|o| o.state == OperationState::Refused && o.amount > 0);
    if is_given_up && matches!(call.kind, OperationKind::Refund | OperationKind::Reversal) {
        tell_a_person_of(payment, &call.key);
    }
}

async fn save<D>(
    cx: &Cx<Payments>,
    loaded: &mut Loaded,
    webhook: Option<&str>,
    goes_on: bool,
    mut decide: D,
) -> Result<Option<Call>, CarryOutError>
where
    D: FnMut(&mut Payment, Option<&str>) -> Result<Changes, PaymentError>,
{
    for _ in 0..TRIES_MAX {
        let mut after = loaded.payment.clone();
        let changes = decide(&mut after, loaded.ready_account.as_deref())?;
        let call = if goes_on { after.lease_next(now(cx)) } else { None };
        if after == loaded.payment && webhook.is_none() {
            return Ok(None);
        }
        let save = Save::new(cx, &after, changes, webhook);
        if payments::update(&cx.base.db, &after, &save).await? {
            after.revision += 1;
            loaded.payment = after;
            cx.base.publish(&save.events).await;
            return Ok(call);
        }
        let id = loaded.payment.id;
        *loaded = payments::by_id(&cx.base.db, id).await?.ok_or(CarryOutError::NoSuchPayment)?;
    }
    Err(CarryOutError::Contended)
}

fn hear(payment: &mut Payment, call: &Call, news: &News, at: Timestamp) -> Result<Changes, PaymentError> {
    match news {
        News::Seen(seen) => payment.observe(seen, at),
        News::Ended(outcome) => Ok(payment.settle(call, outcome, at)),
        News::RefusedFor { code, seen } => {
            let mut changes = payment.settle(call, &Outcome::Refused { code: code.clone() }, at);
            changes.extend(payment.observe(seen, at)?);
            Ok(changes)
        }
    }
}

async fn ask(cx: &Cx<Payments>, payment: &Payment, call: &Call) -> (News, Option<StripeError>) {
    if call.stale {
        return look_for(cx, payment, call, StripeError::unknown("the key may have been forgotten")).await;
    }
    match cx.stripe.perform(payment, call).await {
        Ok(performed) => (heard(performed), None),
        // Stripe is through with it and will only ever repeat its own failure: what it did, if anything, is there.
        Err(error @ StripeError::Unknown { ended: true, .. }) => look_for(cx, payment, call, error).await,
        Err(error @ StripeError::Unknown { .. }) => (News::Ended(Outcome::Unknown), Some(error)),
        Err(error) if call.kind == OperationKind::Cancel => look_why(cx, call, error).await,
        Err(error) => (News::Ended(Outcome::Refused { code: error.code().to_owned() }), Some(error)),
    }
}

fn heard(performed: Performed) -> News {
    match performed {
        Performed::Intent(seen) => News::Seen(seen),
        Performed::Made(stripe_id) => News::Ended(Outcome::Done { stripe_id }),
    }
}

/// What an attempt did whose answer can't be had any more. If it did nothing, that is a known failure.
async fn look_for(
    cx: &Cx<Payments>,
    payment: &Payment,
    call: &Call,
    why: StripeError,
) -> (News, Option<StripeError>) {
    match cx.stripe.find(payment, call).await {
        Ok(Some(performed)) => (heard(performed), None),
        Ok(None) => (News::Ended(Outcome::Refused { code: "not_done".to_owned() }), Some(why)),
        Err(error) => (News::Ended(Outcome::Unknown), Some(error)),
    }
}

/// An intent can't be cancelled for what has become of it: paid, or cancelled already.
async fn look_why(cx: &Cx<Payments>, call: &Call, refusal: StripeError) -> (News, Option<StripeError>) {
    let code = refusal.code().to_owned();
    match cx.stripe.intent(call.target.as_deref().unwrap_or_default()).await {
        Ok(seen) => (News::RefusedFor { code, seen }, Some(refusal)),
        Err(error) => (News::Ended(Outcome::Unknown), Some(error)),
    }
}
