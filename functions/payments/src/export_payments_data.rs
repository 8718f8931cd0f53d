//! `GET /internal/payments/users/{userId}/data`: what `identity` puts into a person's export.

use lectern_domain::money::{Currency, Money};
use lectern_domain::page::CursorPage;
use lectern_postgres::held::{Held, HeldPath, HeldQuery, in_words, page};
use lectern_runtime::{Answer, Cx, Method, Problem, Request, Service, UseCase};
use serde::Deserialize;
use serde_json::Value;

use crate::services::Payments;
use crate::store::held;

/// The use case.
pub fn use_case() -> UseCase<Payments> {
    UseCase::http(
        "export-payments-data",
        Method::Get,
        "/internal/payments/users/{userId}/data",
        export_payments_data,
    )
    .summary("Give everything that payments holds on a person, in pages")
}

/// What the summary is made of.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Facts {
    paid: Option<Vec<Paid>>,
    not_paid: i64,
    earned: Option<Vec<Earned>>,
    paid_out: Option<Vec<PaidOut>>,
    account: bool,
    #[serde(default)]
    customer: bool,
    #[serde(default)]
    tax_profile: bool,
}

/// What was paid in one currency.
#[derive(Deserialize)]
struct Paid {
    currency: Currency,
    payments: i64,
    amount: i64,
    refunded: i64,
}

/// What has arrived at the tutor's bank in one currency.
#[derive(Deserialize)]
struct PaidOut {
    currency: Currency,
    payouts: i64,
    amount: i64,
}

/// What was earned in one currency, by the ledger.
#[derive(Deserialize)]
struct Earned {
    currency: Currency,
    amount: Option<i64>,
    transferred: i64,
}

async fn export_payments_data(
    cx: Cx<Payments>,
    _caller: Service,
    request: Request<HeldPath, HeldQuery>,
) -> Result<Answer<CursorPage<Held>>, Problem> {
    let (user, cursor) = (request.path.user_id, request.query.cursor.as_ref());
    let mut page = page(&cx.base.db, held::SQL, user, cursor).await?;
    in_words(&mut page, sentences);
    Ok(Answer::new(page))
}

fn sentences(facts: &Value) -> Vec<String> {
    let Ok(facts) = serde_json::from_value::<Facts>(facts.clone()) else { return Vec::new() };
    let mut sentences = Vec::new();
    for Paid { currency, payments, amount, refunded } in facts.paid.into_iter().flatten() {
        let (amount, refunded) = (Money::new(amount, currency), Money::new(refunded, currency));
        sentences
            .push(format!("Payments that you made: {payments}, {amount} in all; given back: {refunded}."));
    }
    if facts.not_paid > 0 {
        sentences.push(format!("Payments that were begun and not made: {}.", facts.not_paid));
    }
    for Earned { currency, amount, transferred } in facts.earned.into_iter().flatten() {
        let earned = Money::new(amount.unwrap_or_default(), currency);
        let transferred = Money::new(transferred, currency);
        sentences.push(format!("Earned as a tutor: {earned}; sent to your account: {transferred}."));
    }
    for PaidOut { currency, payouts, amount } in facts.paid_out.into_iter().flatten() {
        let amount = Money::new(amount, currency);
        sentences.push(format!("Paid out to your bank: {amount}, in {payouts} payouts."));
    }
    if facts.account {
        sentences.push("You have an account for payouts at Stripe.".to_owned());
    }
    if facts.tax_profile {
        sentences.push(
            "Name, address and tax number under which you pay taxes; the number is encrypted.".to_owned(),
        );
    }
    if facts.customer {
        sentences.push(
            "Cards that you have saved are kept by Stripe, and not here: your list of payment methods shows them."
                .to_owned(),
        );
    }
    sentences
}
