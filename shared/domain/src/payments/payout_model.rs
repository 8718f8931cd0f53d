//! Random stories of one payout: calls that are answered, lost, refused, sent again; webhooks late, twice and in any
//! order; people who try again. Whatever happens, nothing is paid out twice and the ledger says where the money is.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::id::{PayoutId, UserId};
use crate::money::{Currency, Money};

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Somebody sends the call; what comes of it.
    Send {
        made: bool,
        answered: bool,
    },
    /// The bank moves the latest payout at Stripe.
    Bank {
        arrives: bool,
    },
    /// Somebody looks at one of the payouts at Stripe: a webhook about it came, the first time or again.
    Look {
        which: usize,
    },
    /// Somebody asks for another try.
    Retry,
    Wait,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (any::<bool>(), any::<bool>()).prop_map(|(made, answered)| Step::Send { made, answered }),
        3 => any::<bool>().prop_map(|arrives| Step::Bank { arrives }),
        4 => (0..4_usize).prop_map(|which| Step::Look { which }),
        2 => Just(Step::Retry),
        2 => Just(Step::Wait),
    ]
}

/// Stripe, as far as payouts go: one for each key.
#[derive(Default)]
struct Bank {
    made: Vec<PayoutSeen>,
    /// Answers that a key stands for, refusals too.
    kept: BTreeMap<String, Option<usize>>,
}

impl Bank {
    fn ask(&mut self, payout: &Payout, key: &str, makes: bool) -> PayoutOutcome {
        let made = match self.kept.get(key) {
            Some(earlier) => *earlier,
            None if makes => {
                self.made.push(PayoutSeen {
                    stripe_id: format!("po_{}", self.made.len()),
                    key: key.to_owned(),
                    amount: payout.amount,
                    currency: Some(payout.currency),
                    state: PayoutState::OnItsWay,
                    arrives_at: None,
                });
                Some(self.made.len() - 1)
            }
            None => None,
        };
        self.kept.insert(key.to_owned(), made);
        match made {
            Some(at) => PayoutOutcome::Made(self.made[at].clone()),
            None => PayoutOutcome::Refused { code: "balance_insufficient".to_owned() },
        }
    }

    /// What has left the tutor's account at Stripe and not come back.
    fn gone(&self) -> i64 {
        self.made
            .iter()
            .filter(|seen| !matches!(seen.state, PayoutState::Failed { .. }))
            .map(|seen| seen.amount)
            .sum()
    }
}

struct Story {
    payout: Payout,
    bank: Bank,
    ledger: BTreeMap<String, i64>,
    posted: Vec<(PostingKind, String)>,
    kinds: Vec<&'static str>,
    now: Timestamp,
}

impl Story {
    fn begin() -> Self {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let new = NewPayout {
            tutor_id: UserId(Uuid::nil()),
            stripe_account_id: "acct_1".to_owned(),
            amount: Money::new(3_600, Currency::Usd),
            cutoff: now,
        };
        let (payout, changes) = Payout::schedule(PayoutId(Uuid::nil()), new, now).unwrap();
        let (ledger, posted, kinds) = (BTreeMap::new(), Vec::new(), Vec::new());
        let mut story = Self { payout, bank: Bank::default(), ledger, posted, kinds, now };
        story.take(changes);
        story
    }

    fn take(&mut self, changes: Changes) {
        for posting in changes.postings {
            let name = (posting.kind, posting.reference.clone());
            assert!(!self.posted.contains(&name), "{name:?} is posted twice");
            self.posted.push(name);
            assert_eq!(posting.entries.iter().map(|entry| entry.amount).sum::<i64>(), 0);
            for entry in posting.entries {
                *self.ledger.entry(entry.account.to_string()).or_default() += entry.amount;
            }
        }
        self.kinds.extend(changes.events.iter().map(|event| event.kind));
    }

    fn go(&mut self, step: Step) {
        match step {
            Step::Send { made, answered } => {
                let Some(call) = self.payout.lease(self.now) else { return };
                let outcome = self.bank.ask(&self.payout, &call.key, made);
                let heard = if answered { outcome } else { PayoutOutcome::Unknown };
                let changes = self.payout.settle(&call, &heard, self.now).unwrap();
                self.take(changes);
                let again = self.payout.settle(&call, &heard, self.now).unwrap();
                assert!(again.postings.is_empty() && again.events.is_empty(), "the same news again");
            }
            Step::Bank { arrives } => {
                let Some(last) = self.bank.made.last_mut() else { return };
                last.state = match (&last.state, arrives) {
                    (PayoutState::Failed { code }, _) => PayoutState::Failed { code: code.clone() },
                    (_, true) => PayoutState::Paid,
                    (_, false) => PayoutState::Failed { code: "no_account".to_owned() },
                };
            }
            Step::Look { which } => {
                let Some(seen) = self.bank.made.get(which).cloned() else { return };
                let changes = self.payout.observe(&seen, self.now).unwrap();
                self.take(changes);
            }
            Step::Retry => {
                if let Ok(changes) = self.payout.retry(self.now) {
                    self.take(changes);
                }
            }
            Step::Wait => self.now += SignedDuration::from_mins(1),
        }
        self.check();
    }

    fn balance(&self, of: &str) -> i64 {
        let account = format!("tutor:{}:{of}", Uuid::nil());
        self.ledger.get(&account).copied().unwrap_or_default()
    }

    fn check(&self) {
        let amount = self.payout.amount;
        let (payable, on_its_way, connected) = match self.payout.status {
            PayoutStatus::Scheduled | PayoutStatus::InTransit => (amount, -amount, 0),
            PayoutStatus::Paid => (amount, 0, -amount),
            PayoutStatus::Failed => (0, 0, 0),
        };
        let found = (self.balance("payable"), self.balance("in_transit"), self.balance("connected"));
        assert_eq!(found, (payable, on_its_way, connected), "{:?}", self.payout);
        assert!(self.bank.gone() <= amount, "paid out twice: {:?}", self.bank.made);
        let sequence = usize::try_from(self.payout.sequence).unwrap();
        assert_eq!(self.kinds.len(), sequence, "events are numbered without gaps");
    }

    /// Everybody does their work: the call is sent until it is answered, the bank ends it, and we look.
    fn end(&mut self) {
        for _ in 0..3 {
            self.now += SignedDuration::from_mins(2);
            self.go(Step::Send { made: true, answered: true });
            self.go(Step::Bank { arrives: true });
            for which in 0..self.bank.made.len() {
                self.go(Step::Look { which });
            }
        }
        assert!([PayoutStatus::Paid, PayoutStatus::Failed].contains(&self.payout.status));
        let gone = if self.payout.status == PayoutStatus::Paid { self.payout.amount } else { 0 };
        assert_eq!(self.bank.gone(), gone, "what we say is what Stripe says");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn whatever_happens_nothing_is_paid_out_twice(steps in prop::collection::vec(step(), 0..40)) {
        let mut story = Story::begin();
        for step in steps {
            // A person tries again only after everything that is known of the last try was heard.
            if matches!(step, Step::Retry) {
                for which in 0..story.bank.made.len() {
                    story.go(Step::Look { which });
                }
            }
            story.go(step);
        }
        story.end();
    }
}

#[test]
fn a_webhook_before_our_own_answer_and_the_answer_after_it_are_one_story() {
    let mut story = Story::begin();
    let call = story.payout.lease(story.now).unwrap();
    let outcome = story.bank.ask(&story.payout, &call.key, true);
    story.go(Step::Bank { arrives: true });
    story.go(Step::Look { which: 0 });
    let late = story.payout.settle(&call, &outcome, story.now).unwrap();
    assert!(late.postings.is_empty());
    assert_eq!(
        (story.payout.status, story.kinds.as_slice()),
        (PayoutStatus::Paid, &["payout.scheduled", "payout.paid"][..])
    );
}

#[test]
fn only_a_failed_payout_is_tried_again_and_a_stranger_changes_nothing() {
    let mut story = Story::begin();
    assert_eq!(story.payout.retry(story.now).unwrap_err(), PayoutError::WrongState(PayoutStatus::Scheduled));
    story.go(Step::Send { made: true, answered: true });
    let mut seen = story.bank.made[0].clone();
    seen.amount += 1;
    assert_eq!(story.payout.observe(&seen, story.now).unwrap_err(), PayoutError::AnotherPayout);
    seen = PayoutSeen { key: format!("{}:payout:7", Uuid::nil()), ..story.bank.made[0].clone() };
    assert_eq!(story.payout.observe(&seen, story.now).unwrap_err(), PayoutError::AnotherPayout);
    story.check();
}

#[test]
fn nobody_sends_it_while_somebody_has_it_in_hand_and_an_old_key_is_looked_up_first() {
    let mut story = Story::begin();
    assert!(!story.payout.lease(story.now).unwrap().stale);
    assert!(story.payout.lease(story.now).is_none());
    story.now += SignedDuration::from_hours(24);
    assert!(story.payout.lease(story.now).unwrap().stale);
}
