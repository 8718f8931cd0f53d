//! A paid invoice of a subscription, and what it writes into the ledger: all of it is the platform's.

use jiff::Timestamp;

use super::ledger::{Account, Posting, PostingKind, Subject};
use crate::money::Money;

/// A paid invoice as read from Stripe, with its charge and what was given back of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceSeen {
    /// Stripe's id.
    pub id: String,
    /// What was paid.
    pub paid: Money,
    /// First moment of what it was paid for.
    pub period_start: Timestamp,
    /// First moment after it.
    pub period_end: Timestamp,
    /// When it was paid.
    pub paid_at: Timestamp,
    /// Stripe's charge.
    pub charge: String,
    /// Stripe's fee, once it is known.
    pub fee: Option<i64>,
    /// What was given back.
    pub refunds: Vec<InvoiceRefund>,
}

/// A refund of an invoice's charge. We make none: they are made by hand at Stripe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceRefund {
    /// Stripe's id.
    pub id: String,
    /// Minor units.
    pub amount: i64,
    /// Stripe could not give it to the payer after all, and has put it back.
    pub failed: bool,
}

impl InvoiceSeen {
    /// Whose transactions they are.
    pub fn subject(&self) -> Subject {
        Subject::Invoice(self.id.clone())
    }

    /// What was given back, and how much of that could not be given after all.
    pub fn refunded(&self) -> (i64, i64) {
        let failed = self.refunds.iter().filter(|refund| refund.failed);
        (self.refunds.iter().map(|refund| refund.amount).sum(), failed.map(|refund| refund.amount).sum())
    }

    /// All that it has moved so far. Each is posted once, whatever is seen how often and in which order: the ledger
    /// keeps one of each kind and reference.
    pub fn postings(&self) -> Vec<Posting> {
        let (balance, revenue) = (Account::StripeBalance, Account::PlatformRevenue);
        let mut postings = Vec::new();
        let mut post = |kind, reference: &str, debit, credit, amount| {
            postings.extend(Posting::of(kind, reference, &[(debit, credit, amount)]));
        };
        post(PostingKind::Invoice, &self.charge, balance, revenue, self.paid.amount);
        if let Some(fee) = self.fee {
            post(PostingKind::InvoiceFee, &self.charge, Account::StripeFees, balance, fee);
        }
        for refund in &self.refunds {
            post(PostingKind::InvoiceRefund, &refund.id, revenue, balance, refund.amount);
            if refund.failed {
                post(PostingKind::RefundFailed, &refund.id, balance, revenue, refund.amount);
            }
        }
        postings
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::money::Currency;

    fn invoice(paid: i64, fee: Option<i64>, refunds: &[(i64, bool)]) -> InvoiceSeen {
        let refund = |(at, (amount, failed)): (usize, &(i64, bool))| InvoiceRefund {
            id: format!("re_{at}"),
            amount: *amount,
            failed: *failed,
        };
        InvoiceSeen {
            id: "in_1".to_owned(),
            paid: Money::new(paid, Currency::Usd),
            period_start: Timestamp::UNIX_EPOCH,
            period_end: Timestamp::UNIX_EPOCH,
            paid_at: Timestamp::UNIX_EPOCH,
            charge: "ch_1".to_owned(),
            fee,
            refunds: refunds.iter().enumerate().map(refund).collect(),
        }
    }

    fn sum(postings: &[Posting], account: Account) -> i64 {
        postings.iter().flat_map(|p| &p.entries).filter(|e| e.account == account).map(|e| e.amount).sum()
    }

    proptest! {
        #[test]
        fn what_was_paid_less_fee_and_refunds_is_at_stripe_and_each_posting_has_a_name_of_its_own(
            paid in 1_i64..1_000_000,
            fee in proptest::option::of(1_i64..1_000),
            refunds in proptest::collection::vec((1_i64..1_000, any::<bool>()), 0..5),
        ) {
            let seen = invoice(paid, fee, &refunds);
            let postings = seen.postings();
            for posting in &postings {
                prop_assert_eq!(posting.entries.iter().map(|entry| entry.amount).sum::<i64>(), 0);
            }
            let fee = fee.unwrap_or_default();
            let (given, failed) = seen.refunded();
            prop_assert_eq!(sum(&postings, Account::StripeBalance), paid - fee - given + failed);
            prop_assert_eq!(sum(&postings, Account::PlatformRevenue), given - failed - paid);
            prop_assert_eq!(sum(&postings, Account::StripeFees), fee);
            let mut names: Vec<_> = postings.iter().map(|p| (p.kind, p.reference.clone())).collect();
            let all = names.len();
            names.sort();
            names.dedup();
            prop_assert_eq!(names.len(), all);
        }
    }
}
