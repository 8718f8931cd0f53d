//! Disputes: a payer complains to their bank, which takes the money back until it has decided, or only asks first
//! (an inquiry).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::balance::{self, Movement};
use super::payment_method::Complaint;
use super::{BalanceTransaction, Charge, Kind, Object, Reply};
use crate::error::Failure;
use crate::http::Call;
use crate::params::{Metadata, Params};
use crate::render::{self, Page};
use crate::state::Unit;

/// What Stripe takes for a dispute, in the smallest unit; won or not, it isn't given back.
const FEE: i64 = 1500;
/// How long evidence is waited for.
const PATIENCE_SECONDS: i64 = 9 * 86_400;
/// How much text all evidence together may have.
const EVIDENCE_CHARACTERS_MAX: usize = 150_000;

/// What may be given as evidence (docs.stripe.com/api/disputes/evidence_object).
const EVIDENCE: [&str; 27] = [
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
];

/// Those that name an uploaded file, which can't be uploaded here.
const FILES: [&str; 8] = [
    "cancellation_policy",
    "customer_communication",
    "customer_signature",
    "duplicate_charge_documentation",
    "receipt",
    "refund_policy",
    "service_documentation",
    "shipping_documentation",
];

/// Why a payer complains.
const REASONS: [&str; 14] = [
    "bank_cannot_process",
    "check_returned",
    "credit_not_processed",
    "customer_initiated",
    "debit_not_authorized",
    "duplicate",
    "fraudulent",
    "general",
    "incorrect_account_details",
    "insufficient_funds",
    "noncompliant",
    "product_not_received",
    "product_unacceptable",
    "subscription_canceled",
];

/// A complaint.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are Stripe's, see docs.stripe.com/api/disputes/object")]
pub struct Dispute {
    pub id: String,
    pub amount: i64,
    /// The withdrawal and the reinstatement, as objects: Stripe shows them whole.
    pub balance_transactions: Vec<Value>,
    pub charge: String,
    pub created: i64,
    pub currency: String,
    pub evidence: Map<String, Value>,
    pub evidence_details: EvidenceDetails,
    pub is_charge_refundable: bool,
    pub metadata: Metadata,
    pub payment_intent: Option<String>,
    pub reason: String,
    pub status: String,
}

/// How far the evidence is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are Stripe's")]
pub struct EvidenceDetails {
    pub due_by: Option<i64>,
    pub has_evidence: bool,
    pub past_due: bool,
    pub submission_count: i64,
}

impl Dispute {
    /// What the bank holds or keeps of it.
    #[must_use]
    pub fn held(&self) -> i64 {
        -self.balance_transactions.iter().filter_map(|it| it["amount"].as_i64()).sum::<i64>()
    }

    fn waits(&self) -> bool {
        matches!(self.status.as_str(), "needs_response" | "warning_needs_response")
    }

    fn is_closed(&self) -> bool {
        matches!(self.status.as_str(), "won" | "lost" | "warning_closed")
    }

    fn is_inquiry(&self) -> bool {
        self.status.starts_with("warning_")
    }
}

/// What banks hold or keep of a charge.
#[must_use]
pub fn withdrawn_from(unit: &Unit, charge: &str) -> i64 {
    unit.all::<Dispute>().filter(|dispute| dispute.charge == charge).map(Dispute::held).sum()
}

/// The payer with this test card complains at once.
pub fn by_card(unit: &mut Unit, charge: &Charge, complaint: Complaint) {
    begin(unit, charge.clone(), complaint.reason, charge.unrefunded(), complaint.is_inquiry);
}

/// A payer complains.
///
/// # Errors
/// There is no such charge or reason, nothing was taken with it, or less than that.
pub fn open(
    unit: &mut Unit,
    charge: &str,
    reason: &str,
    amount: Option<i64>,
    is_inquiry: bool,
) -> Result<Dispute, Failure> {
    let charge: Charge = unit.given(charge, "charge")?;
    if !REASONS.contains(&reason) {
        return Err(Failure::invalid(
            "reason",
            format!("Invalid reason: must be one of {}", REASONS.join(", ")),
        ));
    }
    // A bank may want back what was refunded already, but never more than was taken.
    let most = charge.amount_captured - withdrawn_from(unit, &charge.id);
    let amount = amount.unwrap_or(charge.unrefunded().min(most));
    if amount < 1 || amount > most {
        return Err(Failure::invalid("amount", format!("Invalid amount: must be from 1 to {most}")));
    }
    Ok(begin(unit, charge, reason, amount, is_inquiry))
}

fn begin(unit: &mut Unit, before: Charge, reason: &str, amount: i64, is_inquiry: bool) -> Dispute {
    let mut dispute = Dispute {
        id: unit.id("du"),
        amount,
        balance_transactions: Vec::new(),
        charge: before.id.clone(),
        created: unit.now,
        currency: before.currency.clone(),
        evidence: EVIDENCE.iter().map(|name| ((*name).to_owned(), Value::Null)).collect(),
        evidence_details: EvidenceDetails {
            due_by: Some(unit.now + PATIENCE_SECONDS),
            has_evidence: false,
            past_due: false,
            submission_count: 0,
        },
        is_charge_refundable: is_inquiry,
        metadata: Metadata::new(),
        payment_intent: before.payment_intent.clone(),
        reason: reason.to_owned(),
        status: if is_inquiry { "warning_needs_response" } else { "needs_response" }.to_owned(),
    };
    unit.put(Charge { disputed: true, ..before });
    unit.put(dispute.clone());
    unit.emit("charge.dispute.created", dispute.clone());
    if !is_inquiry {
        dispute = withdraw(unit, dispute);
    }
    dispute
}

fn withdraw(unit: &mut Unit, mut dispute: Dispute) -> Dispute {
    let words = format!("Chargeback withdrawal for {}", dispute.charge);
    let (amount, fee) = (-dispute.amount, FEE);
    move_money(unit, &mut dispute, "dispute", amount, fee, words);
    unit.put(dispute.clone());
    unit.emit("charge.dispute.funds_withdrawn", dispute.clone());
    dispute
}

fn move_money(
    unit: &mut Unit,
    dispute: &mut Dispute,
    reporting_category: &'static str,
    amount: i64,
    fee: i64,
    words: String,
) {
    let movement = Movement {
        kind: "adjustment",
        reporting_category,
        amount,
        fee,
        currency: &dispute.currency,
        description: Some(words),
        source: &dispute.id,
    };
    let id = balance::record(unit, movement);
    let moved = unit.find::<BalanceTransaction>(&id);
    dispute.balance_transactions.extend(moved.map(|it| render::object(&it.into())));
}

/// The bank decides, whatever was submitted: `won`, `lost`, or `escalated` of an inquiry.
///
/// # Errors
/// There is none, it is decided already, or the outcome isn't one.
pub fn decide(unit: &mut Unit, id: &str, outcome: &str) -> Result<Dispute, Failure> {
    let dispute: Dispute = unit.named(&[id])?;
    if dispute.is_closed() {
        return Err(closed_already(&dispute));
    }
    match outcome {
        "escalated" if dispute.is_inquiry() => Ok(escalate(unit, dispute)),
        "won" | "lost" => Ok(end(unit, dispute, outcome == "won")),
        _ => Err(Failure::invalid("outcome", "Invalid outcome: must be one of won, lost, or escalated")),
    }
}

fn escalate(unit: &mut Unit, before: Dispute) -> Dispute {
    let mut dispute = before.clone();
    dispute.status = "needs_response".to_owned();
    dispute.is_charge_refundable = false;
    dispute.evidence_details.due_by = Some(unit.now + PATIENCE_SECONDS);
    unit.put(dispute.clone());
    unit.emit_change("charge.dispute.updated", before, dispute.clone());
    withdraw(unit, dispute)
}

fn end(unit: &mut Unit, mut dispute: Dispute, won: bool) -> Dispute {
    let is_inquiry = dispute.is_inquiry();
    let status = match (is_inquiry, won) {
        (true, _) => "warning_closed",
        (false, true) => "won",
        (false, false) => "lost",
    };
    status.clone_into(&mut dispute.status);
    dispute.is_charge_refundable = is_inquiry || won;
    if won && !is_inquiry {
        let words = format!("Chargeback reversal for {}", dispute.charge);
        let amount = dispute.amount;
        move_money(unit, &mut dispute, "dispute_reversal", amount, 0, words);
    }
    unit.put(dispute.clone());
    unit.emit("charge.dispute.closed", dispute.clone());
    if won && !is_inquiry {
        unit.emit("charge.dispute.funds_reinstated", dispute.clone());
    }
    dispute
}

fn closed_already(dispute: &Dispute) -> Failure {
    let message = format!("This dispute is already closed: it has a status of {}.", dispute.status);
    Failure::refused(None, message)
}

/// `GET /v1/disputes/{dispute}`
///
/// # Errors
/// There is none.
pub fn retrieve(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[])?;
    unit.named::<Dispute>(path).map(Reply::from)
}

/// `GET /v1/disputes`
///
/// # Errors
/// Its parameters are not acceptable.
pub fn list(unit: &mut Unit, call: &Call, _path: &[&str]) -> Result<Reply, Failure> {
    let page = Page::read(call.params, &["charge", "payment_intent"])?;
    let charge = call.params.text("charge")?;
    let intent = call.params.text("payment_intent")?;
    page.list(unit, Kind::Dispute, "/v1/disputes", |object| {
        let Object::Dispute(dispute) = object else { return false };
        charge.as_ref().is_none_or(|charge| dispute.charge == *charge)
            && (intent.is_none() || dispute.payment_intent == intent)
    })
}

/// `POST /v1/disputes/{dispute}`: gives evidence, and submits it unless told otherwise.
///
/// # Errors
/// There is none, its parameters are not acceptable, or it is too late for evidence.
pub fn update(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    let params = call.params;
    params.only(&["evidence", "evidence[*]", "metadata", "metadata[*]", "submit"])?;
    let submit = params.boolean("submit")?;
    let before: Dispute = unit.named(path)?;
    let mut dispute = before.clone();
    params.change_metadata(&mut dispute.metadata)?;
    let changes_evidence = params.has("evidence");
    if changes_evidence || submit == Some(true) {
        if !dispute.waits() {
            return Err(too_late(&dispute));
        }
        change_evidence(&mut dispute, params)?;
    }
    // Stripe submits unless it is told not to; metadata alone submits nothing.
    let submits = submit.unwrap_or(changes_evidence);
    if submits {
        dispute.evidence_details.submission_count += 1;
        let status = if dispute.is_inquiry() { "warning_under_review" } else { "under_review" };
        status.clone_into(&mut dispute.status);
    }
    unit.put(dispute.clone());
    unit.emit_change("charge.dispute.updated", before, dispute.clone());
    if submits {
        dispute = judge(unit, dispute);
    }
    Ok(dispute.into())
}

fn too_late(dispute: &Dispute) -> Failure {
    if dispute.is_closed() {
        return closed_already(dispute);
    }
    let message = "You can no longer change the evidence of this dispute: it has already been submitted.";
    Failure::refused(None, message.to_owned())
}

fn change_evidence(dispute: &mut Dispute, params: &Params) -> Result<(), Failure> {
    for (name, value) in params.entries("evidence") {
        if !EVIDENCE.contains(&name.as_str()) {
            return Err(Failure::UnknownParameters(vec![format!("evidence[{name}]")]));
        }
        if FILES.contains(&name.as_str()) || name == "uncategorized_file" {
            let param = "evidence";
            return Err(Failure::NoSuch { what: "file upload", id: value, param, in_path: false });
        }
        let value = if value.is_empty() { Value::Null } else { Value::from(value) };
        dispute.evidence.insert(name, value);
    }
    let texts = dispute.evidence.values().filter_map(Value::as_str);
    if texts.map(|text| text.chars().count()).sum::<usize>() > EVIDENCE_CHARACTERS_MAX {
        let message =
            format!("The combined character count of evidence can't exceed {EVIDENCE_CHARACTERS_MAX}.");
        return Err(Failure::invalid("evidence", message));
    }
    dispute.evidence_details.has_evidence = dispute.evidence.values().any(|value| !value.is_null());
    Ok(())
}

/// In test mode the words decide (docs.stripe.com/testing, "Disputes").
fn judge(unit: &mut Unit, dispute: Dispute) -> Dispute {
    match dispute.evidence["uncategorized_text"].as_str() {
        Some("winning_evidence") => end(unit, dispute, true),
        Some("losing_evidence") => end(unit, dispute, false),
        Some("escalate_inquiry_evidence") if dispute.is_inquiry() => escalate(unit, dispute),
        _ => dispute,
    }
}

/// `POST /v1/disputes/{dispute}/close` gives it up.
///
/// # Errors
/// There is none, or it is decided already.
pub fn close(unit: &mut Unit, call: &Call, path: &[&str]) -> Result<Reply, Failure> {
    call.params.only(&[])?;
    let dispute: Dispute = unit.named(path)?;
    if dispute.is_closed() {
        return Err(closed_already(&dispute));
    }
    Ok(end(unit, dispute, false).into())
}

/// What never varies.
#[must_use]
pub fn fixed() -> Value {
    json!({ "livemode": false })
}
