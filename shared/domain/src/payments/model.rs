//! Properties of a payment over long random sequences of decisions, Stripe's answers (lost, late, twice, refused)
//! and crashes, against a Stripe that is nothing but arithmetic.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

mod cases;
mod stripe;

use super::*;
use crate::id::{DisputeId, LessonId, PaymentId, UserId};
use crate::money::{BasisPoints, Currency, Money};
use stripe::Stripe;

/// How lucky the sender of a call is.
#[derive(Clone, Copy, Debug)]
enum Luck {
    /// Done and answered.
    Fine,
    /// Done, but the answer is lost.
    AnswerLost,
    /// Never arrived, and nobody knows.
    RequestLost,
    /// Stripe refuses.
    Refused,
    /// Done, and then the sender dies.
    CrashAfter,
    /// The sender dies before it sends.
    CrashBefore,
}

/// What happens next.
#[derive(Clone, Copy, Debug)]
enum Happens {
    PayerPays,
    CardDeclined,
    WebhookComes { knows_fee: bool },
    CloseAsked,
    ReleaseAsked,
    RefundAsked { name: u8, percent: u8 },
    PayOutAsked,
    SomebodySends(Luck),
    OldNewsComesAgain,
    TimePasses { minutes: i64 },
    PayerComplains { percent: u8, only_asks: bool },
    BankDecides { won: bool },
    BankChangesItsMind,
    DisputeIsHeard { which: u8 },
    OldWordOfADispute { which: u8 },
    RefundFailsLater { which: u8 },
    RefundIsHeard { which: u8 },
}

fn happens() -> impl Strategy<Value = Happens> {
    let luck = prop_oneof![
        6 => Just(Luck::Fine),
        1 => Just(Luck::AnswerLost),
        1 => Just(Luck::RequestLost),
        1 => Just(Luck::Refused),
        1 => Just(Luck::CrashAfter),
        1 => Just(Luck::CrashBefore),
    ];
    prop_oneof![
        3 => Just(Happens::PayerPays),
        1 => Just(Happens::CardDeclined),
        3 => any::<bool>().prop_map(|knows_fee| Happens::WebhookComes { knows_fee }),
        1 => Just(Happens::CloseAsked),
        2 => Just(Happens::ReleaseAsked),
        3 => (0_u8..4, 1_u8..=120).prop_map(|(name, percent)| Happens::RefundAsked { name, percent }),
        2 => Just(Happens::PayOutAsked),
        8 => luck.prop_map(Happens::SomebodySends),
        1 => Just(Happens::OldNewsComesAgain),
        2 => (0_i64..200).prop_map(|minutes| Happens::TimePasses { minutes }),
        1 => (1_u8..=100, any::<bool>())
            .prop_map(|(percent, only_asks)| Happens::PayerComplains { percent, only_asks }),
        1 => any::<bool>().prop_map(|won| Happens::BankDecides { won }),
        1 => Just(Happens::BankChangesItsMind),
        3 => any::<u8>().prop_map(|which| Happens::DisputeIsHeard { which }),
        1 => any::<u8>().prop_map(|which| Happens::OldWordOfADispute { which }),
        1 => any::<u8>().prop_map(|which| Happens::RefundFailsLater { which }),
        1 => any::<u8>().prop_map(|which| Happens::RefundIsHeard { which }),
    ]
}

/// What was told to the payment, to be told again.
#[derive(Clone, Debug)]
enum Told {
    Observe(IntentSeen),
    Close,
    Release,
    Refund(RefundId, Money),
    PayOut,
    Lease,
    Settle(Call, Outcome),
    Dispute(DisputeSeen, DisputeId),
    Refunded(RefundSeen),
}

struct World {
    now: Timestamp,
    payment: Payment,
    ledger: BTreeMap<(PostingKind, String), Vec<Entry>>,
    stripe: Stripe,
    told: Vec<(Timestamp, Told)>,
    news: Option<(Call, Outcome)>,
}

fn fresh(amount: i64, share: u16) -> Payment {
    let new = NewPayment {
        purpose: Purpose::Lesson,
        lesson_id: LessonId(uuid::Uuid::from_u128(2)),
        payer_id: UserId(uuid::Uuid::from_u128(3)),
        tutor_id: UserId(uuid::Uuid::from_u128(4)),
        amount: Money::new(amount, Currency::Usd),
        description: None,
    };
    let commission = Commission::new(BasisPoints::new(share).unwrap());
    Payment::new(PaymentId(uuid::Uuid::from_u128(1)), new, commission, Timestamp::UNIX_EPOCH).unwrap().0
}

fn tell(payment: &mut Payment, told: &Told, now: Timestamp) -> Changes {
    match told.clone() {
        Told::Observe(seen) => payment.observe(&seen, now).unwrap_or_default(),
        Told::Close => payment.close(Closing::Requested, None, now),
        Told::Release => payment.release().unwrap_or_default(),
        Told::Refund(id, amount) => payment.refund(&id, amount, "why", now).unwrap_or_default(),
        Told::PayOut => {
            payment.pay_out("acct_1", now);
            Changes::default()
        }
        Told::Lease => {
            let _call = payment.lease_next(now);
            Changes::default()
        }
        Told::Settle(call, outcome) => payment.settle(&call, &outcome, now),
        Told::Dispute(seen, id) => payment.observe_dispute(&seen, id, now).unwrap_or_default(),
        Told::Refunded(seen) => payment.observe_refund(&seen, now),
    }
}

impl World {
    fn new(amount: i64, share: u16) -> Self {
        let payment = fresh(amount, share);
        let now = Timestamp::UNIX_EPOCH;
        Self {
            now,
            payment,
            ledger: BTreeMap::new(),
            stripe: Stripe::default(),
            told: Vec::new(),
            news: None,
        }
    }

    fn tell(&mut self, told: Told) {
        let before = self.payment.clone();
        let changes = tell(&mut self.payment, &told, self.now);
        for posting in changes.postings {
            // As the database does it: the second of a kind and reference posts nothing, and must not be there.
            let clash = self.ledger.insert((posting.kind, posting.reference.clone()), posting.entries);
            assert!(clash.is_none(), "posted twice: {} {}", posting.kind, posting.reference);
        }
        for (at, event) in changes.events.iter().enumerate() {
            assert_eq!(event.sequence, before.sequence + 1 + i64::try_from(at).unwrap());
        }
        self.told.push((self.now, told));
    }

    fn observe(&mut self, knows_fee: bool) {
        let Some(mut state) = self.stripe.intent.clone() else { return };
        if let IntentState::Succeeded { fee, .. } = &mut state {
            *fee = knows_fee.then_some(self.stripe.fee);
        }
        let money = self.payment.money(self.payment.amount);
        self.tell(Told::Observe(IntentSeen {
            id: "stripe_create".to_owned(),
            client_secret: "secret".to_owned(),
            amount: money.amount,
            currency: Some(money.currency),
            state,
        }));
    }

    fn send(&mut self, luck: Luck) -> bool {
        let mut leased = self.payment.clone();
        let Some(call) = leased.lease_next(self.now) else { return false };
        self.tell(Told::Lease);
        let is_looked_for = call.stale && call.kind == OperationKind::Transfer;
        let outcome = match luck {
            Luck::CrashBefore => return true,
            Luck::RequestLost => Outcome::Unknown,
            _ if is_looked_for => self.stripe.find(&call),
            Luck::Refused => self.stripe.send(&call, true),
            Luck::CrashAfter => {
                self.stripe.send(&call, false);
                return true;
            }
            Luck::AnswerLost => {
                self.stripe.send(&call, false);
                Outcome::Unknown
            }
            Luck::Fine => self.stripe.send(&call, false),
        };
        // What makes an intent answers with it, and who was refused a cancel looks at it.
        if matches!(call.kind, OperationKind::Create | OperationKind::Cancel) {
            match outcome {
                Outcome::Done { .. } => self.observe(false),
                Outcome::Refused { .. } => {
                    self.tell(Told::Settle(call.clone(), outcome.clone()));
                    self.observe(false);
                }
                Outcome::Unknown => self.tell(Told::Settle(call.clone(), outcome.clone())),
            }
        } else {
            self.tell(Told::Settle(call.clone(), outcome.clone()));
            self.news = Some((call, outcome));
        }
        true
    }

    fn happen(&mut self, what: Happens) {
        match what {
            Happens::PayerPays => self.stripe.pay(self.payment.amount),
            Happens::CardDeclined => {
                if matches!(self.stripe.intent, Some(IntentState::Waiting)) {
                    self.stripe.intent = Some(IntentState::Declined { code: "card_declined".to_owned() });
                }
            }
            Happens::WebhookComes { knows_fee } => self.observe(knows_fee),
            Happens::CloseAsked => self.tell(Told::Close),
            Happens::ReleaseAsked => self.tell(Told::Release),
            Happens::RefundAsked { name, percent } => {
                let id = RefundId::parse(&format!("refund-{name}")).unwrap();
                let amount = self.payment.amount * i64::from(percent) / 100;
                self.tell(Told::Refund(id, self.payment.money(amount)));
            }
            Happens::PayOutAsked => self.tell(Told::PayOut),
            Happens::SomebodySends(luck) => {
                self.send(luck);
            }
            Happens::OldNewsComesAgain => {
                if let Some((call, outcome)) = self.news.clone() {
                    let before = self.payment.clone();
                    self.tell(Told::Settle(call, outcome));
                    let quiet =
                        before.operations.iter().zip(&self.payment.operations).all(|(b, a)| {
                            b.state == a.state && b.attempt == a.attempt && b.amount == a.amount
                        });
                    assert!(quiet, "old news changed something");
                }
            }
            Happens::TimePasses { minutes } => self.now += SignedDuration::from_mins(minutes),
            Happens::PayerComplains { percent, only_asks } => {
                self.stripe.complain(self.payment.amount * i64::from(percent) / 100, only_asks);
            }
            Happens::BankDecides { won } => self.stripe.decide(won),
            Happens::BankChangesItsMind => self.stripe.change_mind(),
            Happens::DisputeIsHeard { which } => self.hear_dispute(which),
            Happens::OldWordOfADispute { which } => {
                let words: Vec<_> =
                    self.told.iter().filter(|(_, told)| matches!(told, Told::Dispute(..))).collect();
                if let Some((_, word)) = words.get(usize::from(which) % words.len().max(1)).copied().cloned()
                {
                    self.tell(word);
                }
            }
            Happens::RefundFailsLater { which } => self.stripe.fail_refund(which),
            Happens::RefundIsHeard { which } => self.hear_refund(which),
        }
    }

    fn hear_dispute(&mut self, which: u8) {
        if let Some(seen) = self.stripe.dispute(which) {
            self.tell(Told::Dispute(seen, DisputeId(uuid::Uuid::from_u128(u128::from(which)))));
        }
    }

    fn hear_refund(&mut self, which: u8) {
        if let Some(seen) = self.stripe.refund(which) {
            self.tell(Told::Refunded(seen));
        }
    }

    fn balance(&self, account: Account) -> i64 {
        self.ledger.values().flatten().filter(|e| e.account == account).map(|e| e.amount).sum()
    }

    fn check(&self) {
        let p = &self.payment;
        assert_eq!(self.ledger.values().flatten().map(|e| e.amount).sum::<i64>(), 0);
        for (at, entries) in &self.ledger {
            assert_eq!(entries.iter().map(|e| e.amount).sum::<i64>(), 0, "{at:?}");
            assert!(entries.len() >= 2, "{at:?}");
        }
        assert_eq!(p.platform_fee + p.tutor_earnings, p.amount);
        assert!(p.refunded >= 0 && p.charged_back >= 0 && p.overdrawn >= 0 && p.remaining() >= 0, "{p:?}");
        let frozen = p.disputes.iter().any(Dispute::freezes);
        assert_eq!(p.status == PaymentStatus::Disputed, frozen || p.charged_back > 0 && p.remaining() == 0);
        assert!(p.transferred() <= p.tutor_earnings);
        assert!(self.stripe.transferred - self.stripe.reversed <= p.tutor_earnings);
        assert!(self.stripe.refunded <= p.refunded, "refunded more than was decided");
        let escrow = if p.charge_id.is_none() || p.released { 0 } else { -p.remaining() };
        assert_eq!(self.balance(Account::Escrow(p.id)), escrow);
        assert!(p.client_secret.is_none() || p.status.is_payable());
        assert_eq!(p.charge_id.is_some(), !(p.status.is_payable() || is_given_up(p.status)));
    }

    /// Faults end: everybody who is asked again does their work.
    fn come_to_rest(&mut self) {
        for _ in 0..80 {
            self.now += SignedDuration::from_hours(3);
            self.observe(true);
            self.stripe.decide(true);
            for which in 0..4 {
                self.hear_dispute(which);
                self.hear_refund(which);
                self.hear_refund(which + 4);
            }
            if self.payment.closing.is_some() {
                self.tell(Told::Close);
            }
            self.tell(Told::PayOut);
            self.send(Luck::Fine);
            self.check();
        }
    }

    fn check_at_rest(&self) {
        let p = &self.payment;
        assert!(p.operations.iter().all(|o| !o.is_open()), "still open: {:?}", p.operations);
        assert!(p.closing.is_none());
        assert_eq!(self.balance(Account::StripeBalance), self.stripe.balance(p.amount));
        assert_eq!(self.balance(Account::Disputes), 0, "{:?}", p.disputes);
        assert_eq!(p.charged_back + p.overdrawn, self.stripe.held());
        let stuck = p.operations.iter().any(|o| {
            o.state == OperationState::Refused
                && matches!(o.kind, OperationKind::Refund | OperationKind::Reversal)
                && o.amount > 0
        });
        if stuck {
            return; // Refused too often: a person's.
        }
        assert_eq!(self.balance(Account::Refunds), 0);
        assert_eq!(self.stripe.refunded, p.refunded);
        if p.released {
            // Owed to the tutor, and lying in the tutor's account at Stripe.
            assert_eq!(self.balance(Account::TutorPayable(p.tutor_id)), -p.share().earnings);
            assert_eq!(self.balance(Account::TutorConnected(p.tutor_id)), p.share().earnings);
            assert_eq!(p.transferred(), p.share().earnings);
            assert_eq!(self.balance(Account::PlatformRevenue), p.overdrawn - p.share().fee);
        }
    }
}

fn is_given_up(status: PaymentStatus) -> bool {
    matches!(status, PaymentStatus::Failed | PaymentStatus::Cancelled)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_money_is_lost_doubled_or_made(
        amount in 50_i64..20_000,
        share in prop_oneof![Just(2_000_u16), 0_u16..=10_000],
        story in prop::collection::vec(happens(), 1..60),
    ) {
        let mut world = World::new(amount, share);
        for what in story {
            world.happen(what);
            world.check();
        }
        world.come_to_rest();
        world.check_at_rest();
    }

    #[test]
    fn the_same_story_gives_the_same_payment_at_every_page(
        amount in 50_i64..20_000,
        story in prop::collection::vec(happens(), 1..40),
    ) {
        let mut world = World::new(amount, 2_000);
        let mut pages = Vec::new();
        for what in story {
            world.happen(what);
            pages.push((world.told.len(), world.payment.clone()));
        }
        for (length, page) in pages {
            let mut again = fresh(amount, 2_000);
            for (at, told) in &world.told[..length] {
                tell(&mut again, told, *at);
            }
            prop_assert_eq!(again, page);
        }
    }
}
