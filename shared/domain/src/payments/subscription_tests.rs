//! Tests of [`super::Subscription`].

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const DAY: i64 = 24 * 60 * 60;
const START: i64 = 1_800_000_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn terms(period: BillingPeriod) -> Terms {
    Terms { plan: Plan::Pro, period, price: Money::new(1_200, Currency::Usd) }
}

fn checkout() -> CheckoutTerms {
    let life = SignedDuration::from_hours(1);
    CheckoutTerms { customer: "cus_1".to_owned(), price: "price_1".to_owned(), life }
}

fn pending() -> Subscription {
    let grace = SignedDuration::from_hours(7 * 24);
    let id = SubscriptionId(Uuid::from_u128(1));
    let user = UserId(Uuid::from_u128(2));
    Subscription::new(id, user, terms(BillingPeriod::Monthly), checkout(), grace, at(START))
}

fn seen(state: SubscriptionState, period: i64) -> SubscriptionSeen {
    let canceled = state == SubscriptionState::Canceled;
    SubscriptionSeen {
        id: "sub_1".to_owned(),
        ours: Some(SubscriptionId(Uuid::from_u128(1))),
        state,
        period_start: at(START + period * 30 * DAY),
        period_end: at(START + (period + 1) * 30 * DAY),
        ends_at: None,
        ended_at: canceled.then(|| at(START + period * 30 * DAY)),
    }
}

fn kinds(events: &[NewEvent]) -> Vec<(&'static str, bool)> {
    events.iter().map(|event| (event.kind, event.data["entitled"].as_bool().unwrap())).collect()
}

#[test]
fn a_first_payment_entitles_and_is_told_once() {
    let mut it = pending();
    assert!(!it.entitled_at(at(START)));
    let active = seen(SubscriptionState::Active, 0);
    assert_eq!(kinds(&it.observe(&active, at(START)).unwrap()), [("subscription.activated", true)]);
    assert_eq!(it.observe(&active, at(START + 1)).unwrap(), []);
    assert_eq!(
        it.observe(&seen(SubscriptionState::Active, 1), at(START + 2)).unwrap(),
        [],
        "a renewal is no news"
    );
    assert!(it.entitled_at(at(START + 400 * DAY)), "as long as Stripe says that it is paid");
}

#[test]
fn past_due_keeps_the_entitlement_for_seven_days_to_the_second() {
    let mut it = pending();
    it.observe(&seen(SubscriptionState::Active, 0), at(START)).unwrap();
    let due = START + 30 * DAY;
    let late = it.observe(&seen(SubscriptionState::PastDue, 1), at(due + 3_600)).unwrap();
    assert_eq!(kinds(&late), [("subscription.past_due", true)]);
    let end = due + 7 * DAY;
    assert_eq!(it.entitled_until(), Some(at(end).into()));
    assert!(it.entitled_at(at(end - 1)) && !it.entitled_at(at(end)));
    assert_eq!(it.pass(at(end - 1)), []);
    assert_eq!(kinds(&it.pass(at(end))), [("subscription.past_due", false)]);
    assert_eq!(it.pass(at(end + 1)), []);
    // Whoever pays after all has it again.
    let paid = it.observe(&seen(SubscriptionState::Active, 1), at(end + DAY)).unwrap();
    assert_eq!(kinds(&paid), [("subscription.activated", true)]);
    assert_eq!(it.past_due_since, None);
}

#[test]
fn who_hears_of_it_after_the_seven_days_is_told_at_once_that_it_is_over() {
    let mut it = pending();
    it.observe(&seen(SubscriptionState::Active, 0), at(START)).unwrap();
    let late = it.observe(&seen(SubscriptionState::PastDue, 1), at(START + 40 * DAY)).unwrap();
    assert_eq!(kinds(&late), [("subscription.past_due", false)]);
    // The next period doesn't begin the seven days anew.
    assert_eq!(it.observe(&seen(SubscriptionState::PastDue, 2), at(START + 61 * DAY)).unwrap(), []);
    assert!(!it.entitled_at(at(START + 61 * DAY)));
}

#[test]
fn a_cancelled_one_never_comes_back() {
    let mut it = pending();
    it.observe(&seen(SubscriptionState::Active, 0), at(START)).unwrap();
    let over = it.observe(&seen(SubscriptionState::Canceled, 1), at(START + 30 * DAY)).unwrap();
    assert_eq!(kinds(&over), [("subscription.cancelled", false)]);
    let before = it.clone();
    assert_eq!(it.observe(&seen(SubscriptionState::Active, 1), at(START + 31 * DAY)).unwrap(), []);
    assert_eq!(it, before);
    assert_eq!(it.cancel(), Err(SubscriptionError::WrongState(SubscriptionStatus::Cancelled)));
}

#[test]
fn somebody_elses_subscription_changes_nothing() {
    let mut it = pending();
    let mut other = seen(SubscriptionState::Active, 0);
    other.ours = None;
    assert_eq!(it.observe(&other, at(START)), Err(SubscriptionError::Another));
    it.observe(&seen(SubscriptionState::Active, 0), at(START)).unwrap();
    let mut second = seen(SubscriptionState::Canceled, 0);
    second.id = "sub_2".to_owned();
    assert_eq!(it.observe(&second, at(START)), Err(SubscriptionError::Another));
    assert_eq!(it.status, SubscriptionStatus::Active);
}

#[test]
fn a_page_is_offered_again_for_other_terms_with_another_key_and_only_while_nothing_is_paid() {
    let mut it = pending();
    let key = it.checkout_key();
    assert!(it.offers(&terms(BillingPeriod::Monthly), &checkout(), at(START + 3_599)));
    assert!(!it.offers(&terms(BillingPeriod::Monthly), &checkout(), at(START + 3_600)));
    assert!(!it.offers(&terms(BillingPeriod::Yearly), &checkout(), at(START)));
    it.opened("cs_1".to_owned(), Some("https://x".to_owned()));
    it.offer_again(terms(BillingPeriod::Yearly), checkout(), at(START + 10)).unwrap();
    assert_ne!(it.checkout_key(), key);
    assert_eq!((it.period, &it.checkout_id, &it.checkout_url), (BillingPeriod::Yearly, &None, &None));
    it.observe(&seen(SubscriptionState::Active, 0), at(START)).unwrap();
    assert!(it.offer_again(terms(BillingPeriod::Monthly), checkout(), at(START)).is_err());
}

#[test]
fn it_is_asked_to_end_once_and_may_be_resumed() {
    let mut it = pending();
    it.observe(&seen(SubscriptionState::Active, 0), at(START)).unwrap();
    assert_eq!(it.cancel(), Ok(true));
    let mut ending = seen(SubscriptionState::Active, 0);
    ending.ends_at = Some(ending.period_end);
    assert_eq!(it.observe(&ending, at(START)).unwrap(), []);
    assert_eq!((it.cancel_requested, it.ends_at.is_some()), (false, true));
    assert_eq!(it.cancel(), Ok(false));
    it.observe(&seen(SubscriptionState::Active, 0), at(START)).unwrap();
    assert_eq!((it.cancel_requested, it.ends_at), (false, None));
}

fn any_state() -> impl Strategy<Value = SubscriptionState> {
    prop_oneof![
        Just(SubscriptionState::Incomplete),
        Just(SubscriptionState::Active),
        Just(SubscriptionState::PastDue),
        Just(SubscriptionState::Canceled),
    ]
}

proptest! {
    /// Webhooks only say "look", so what is seen is always the latest, however often and whenever.
    #[test]
    fn however_often_it_is_looked_at_the_last_look_decides(
        states in proptest::collection::vec((any_state(), 0_i64..4), 0..8),
        last in any_state(),
        again in 1_usize..4,
    ) {
        let mut it = pending();
        for (state, period) in states.into_iter().filter(|(state, _)| *state != SubscriptionState::Canceled) {
            it.observe(&seen(state, period), at(START)).unwrap();
        }
        let mut straight = pending();
        let now = at(START + 200 * DAY);
        for _ in 0..again {
            it.observe(&seen(last, 4), now).unwrap();
        }
        straight.observe(&seen(last, 4), now).unwrap();
        if last != SubscriptionState::Incomplete {
            prop_assert_eq!(it.status, straight.status);
            prop_assert_eq!(it.entitled_at(now), straight.entitled_at(now));
        }
        prop_assert_eq!(it.period_end, straight.period_end);
    }

    /// Numbers of events rise by one, and the last says what is so.
    #[test]
    fn the_last_event_tells_the_entitlement(
        states in proptest::collection::vec((any_state(), 0_i64..4, 0_i64..200), 1..12),
    ) {
        let mut it = pending();
        let (mut told, mut sequence, mut now) = (false, 0, START);
        for (state, period, days) in states {
            now += days * DAY;
            let mut events = it.observe(&seen(state, period), at(now)).unwrap();
            events.extend(it.pass(at(now)));
            for event in events {
                sequence += 1;
                prop_assert_eq!(event.sequence, sequence);
                told = event.data["entitled"].as_bool().unwrap();
            }
            prop_assert_eq!(told, it.entitled_at(at(now)));
        }
    }
}
