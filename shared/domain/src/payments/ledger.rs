//! What a change writes into the ledger.
//!
//! Sign: a positive entry is a debit, a negative one a credit. So `stripe_balance` (what Stripe holds for us),
//! `tutor:…:connected` (what Stripe holds in a tutor's name) and `stripe_fees` (what Stripe took) are positive; what
//! we owe (`escrow`, `tutor:…:payable`, `tutor:…:in_transit`, `refunds`) and what we earned (`platform_revenue`) are
//! negative. The entries of a transaction, and so of all of them, sum to zero.

use serde::{Serialize, Serializer};

use crate::id::{PaymentId, PayoutId, UserId};

/// Where money is, or whose it is (product.md, Payments).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// What Stripe holds for the platform.
    StripeBalance,
    /// What a payer has paid and nobody has earned yet.
    Escrow(PaymentId),
    /// What a tutor has earned and not yet been paid out, wherever it lies.
    TutorPayable(UserId),
    /// What lies in the tutor's account at Stripe.
    TutorConnected(UserId),
    /// What is on its way from there to the tutor's bank.
    TutorInTransit(UserId),
    /// What the platform has earned.
    PlatformRevenue,
    /// What payers are to get back and Stripe has not yet confirmed.
    Refunds,
    /// What Stripe took for its work.
    StripeFees,
    /// What is disputed.
    Disputes,
}

impl std::fmt::Display for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::StripeBalance => f.write_str("stripe_balance"),
            Self::Escrow(payment) => write!(f, "escrow:{payment}"),
            Self::TutorPayable(tutor) => write!(f, "tutor:{tutor}:payable"),
            Self::TutorConnected(tutor) => write!(f, "tutor:{tutor}:connected"),
            Self::TutorInTransit(tutor) => write!(f, "tutor:{tutor}:in_transit"),
            Self::PlatformRevenue => f.write_str("platform_revenue"),
            Self::Refunds => f.write_str("refunds"),
            Self::StripeFees => f.write_str("stripe_fees"),
            Self::Disputes => f.write_str("disputes"),
        }
    }
}

impl Serialize for Account {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

crate::words! {
    /// Why money moved.
    pub enum PostingKind {
        /// The payer's card was charged.
        Charge = "charge",
        /// Stripe took its fee.
        StripeFee = "stripe_fee",
        /// Tutor and platform have earned what was not refunded.
        Release = "release",
        /// The tutor's share was sent to the tutor's account.
        Transfer = "transfer",
        /// A refund was decided.
        Refund = "refund",
        /// Stripe took the refund.
        RefundSettled = "refund_settled",
        /// Stripe could not give a refund to the payer after all.
        RefundFailed = "refund_failed",
        /// A part of a transfer was taken back.
        Reversal = "reversal",
        /// The payer's bank has taken the money for the time of a dispute.
        Dispute = "dispute",
        /// What Stripe takes for a dispute.
        DisputeFee = "dispute_fee",
        /// A dispute was won: the money is back.
        DisputeWon = "dispute_won",
        /// A dispute was lost: the money is the payer's.
        DisputeLost = "dispute_lost",
        /// A tutor's money was sent on its way to the tutor's bank.
        Payout = "payout",
        /// It has arrived.
        PayoutPaid = "payout_paid",
        /// It came back.
        PayoutFailed = "payout_failed",
        /// An invoice of a subscription was paid.
        Invoice = "invoice",
        /// What Stripe took of it.
        InvoiceFee = "invoice_fee",
        /// An invoice was given back.
        InvoiceRefund = "invoice_refund",
        /// A correction that a person has decided.
        Adjustment = "adjustment",
    }
}

/// Whose transaction it is. Within it, kind and reference are unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A payment's.
    Payment(PaymentId),
    /// A payout's.
    Payout(PayoutId),
    /// Of an invoice of a subscription, by Stripe's id.
    Invoice(String),
}

impl Subject {
    /// The payment, and what it is otherwise: as the ledger's table names it.
    pub fn columns(&self) -> (Option<PaymentId>, Option<String>) {
        match self {
            Self::Payment(id) => (Some(*id), None),
            Self::Payout(id) => (None, Some(format!("payout:{id}"))),
            Self::Invoice(id) => (None, Some(format!("invoice:{id}"))),
        }
    }
}

/// One side of a movement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Where.
    pub account: Account,
    /// Minor units in the payment's currency; positive is a debit.
    pub amount: i64,
}

/// One transaction of the ledger. Its kind and reference are unique within its subject, so that posting it twice
/// posts it once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Posting {
    /// Why.
    pub kind: PostingKind,
    /// Of which operation.
    pub reference: String,
    /// What moves; sums to zero.
    pub entries: Vec<Entry>,
}

impl Posting {
    /// Moves of (debited account, credited account, amount). A move of nothing is left out; `None` when nothing
    /// moves at all. A negative amount moves the other way.
    pub fn of(kind: PostingKind, reference: &str, moves: &[(Account, Account, i64)]) -> Option<Self> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut add = |account: Account, amount: i64| match entries.iter_mut().find(|e| e.account == account)
        {
            Some(entry) => entry.amount += amount,
            None => entries.push(Entry { account, amount }),
        };
        for (debit, credit, amount) in moves {
            add(*debit, *amount);
            add(*credit, -amount);
        }
        entries.retain(|entry| entry.amount != 0);
        (!entries.is_empty()).then(|| Self { kind, reference: reference.to_owned(), entries })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_one_account_are_one_and_empty_ones_are_none() {
        let moves = [
            (Account::StripeBalance, Account::Refunds, 5),
            (Account::StripeBalance, Account::StripeFees, 2),
            (Account::Disputes, Account::PlatformRevenue, 0),
        ];
        let posting = Posting::of(PostingKind::Charge, "x", &moves).unwrap();
        let entries: Vec<_> = posting.entries.iter().map(|e| (e.account.to_string(), e.amount)).collect();
        assert_eq!(
            entries,
            [("stripe_balance".to_owned(), 7), ("refunds".to_owned(), -5), ("stripe_fees".to_owned(), -2)]
        );
        assert_eq!(Posting::of(PostingKind::Charge, "x", &moves[2..]), None);
    }
}
