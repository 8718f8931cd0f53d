//! Stories that were told once for a reason.

use super::*;

fn paid(amount: i64) -> World {
    let mut world = World::new(amount, 2_000);
    assert!(world.send(Luck::Fine));
    world.stripe.pay(amount);
    world.observe(true);
    assert_eq!(world.payment.status, PaymentStatus::Held);
    world
}

fn refund_of(world: &mut World, amount: i64) {
    world.tell(Told::Refund(RefundId::parse("r").unwrap(), Money::new(amount, Currency::Usd)));
}

#[test]
fn release_then_refund_ends_like_refund_then_release() {
    let mut ends = Vec::new();
    for refund_first in [true, false] {
        let mut world = paid(4_501);
        if refund_first {
            refund_of(&mut world, 1_001);
            world.tell(Told::Release);
        } else {
            world.tell(Told::Release);
            refund_of(&mut world, 1_001);
        }
        world.come_to_rest();
        world.check_at_rest();
        let accounts = [Account::StripeBalance, Account::PlatformRevenue, Account::StripeFees];
        ends.push((world.payment.status, accounts.map(|a| world.balance(a))));
    }
    assert_eq!(ends[0], ends[1]);
    assert_eq!(ends[0].0, PaymentStatus::PartiallyRefunded);
}

#[test]
fn a_refund_while_the_transfer_is_on_its_way_takes_the_excess_back() {
    let mut world = paid(4_500);
    world.tell(Told::Release);
    world.tell(Told::PayOut);
    let call = world.payment.clone().lease_next(world.now).unwrap();
    world.tell(Told::Lease);
    refund_of(&mut world, 4_500);
    let outcome = world.stripe.send(&call, false);
    world.tell(Told::Settle(call, outcome));
    world.come_to_rest();
    world.check_at_rest();
    assert_eq!((world.stripe.transferred, world.stripe.reversed), (3_600, 3_600));
}

#[test]
fn after_a_refusal_what_is_left_is_sent_and_not_what_was_asked_first() {
    let mut world = paid(4_500);
    world.tell(Told::Release);
    world.tell(Told::PayOut);
    world.send(Luck::Refused);
    refund_of(&mut world, 1_500);
    world.come_to_rest();
    world.check_at_rest();
    assert_eq!((world.stripe.transferred, world.stripe.reversed), (2_400, 0));
}

#[test]
fn a_payment_that_was_faster_than_its_cancellation_is_held() {
    let mut world = World::new(4_500, 2_000);
    world.send(Luck::Fine);
    world.tell(Told::Close);
    world.stripe.pay(4_500);
    world.send(Luck::Fine);
    assert_eq!(world.payment.status, PaymentStatus::Held);
    assert_eq!(world.payment.closing, None);
}

#[test]
fn money_for_a_payment_that_was_given_up_goes_back() {
    let mut world = World::new(4_500, 2_000);
    world.send(Luck::Refused);
    world.tell(Told::Close);
    assert_eq!(world.payment.status, PaymentStatus::Cancelled);
    // Stripe had made an intent after all, and somebody paid it.
    world.stripe.intent = Some(IntentState::Waiting);
    world.stripe.pay(4_500);
    world.observe(true);
    assert_eq!(world.payment.status, PaymentStatus::Refunded);
    world.come_to_rest();
    world.check_at_rest();
    assert_eq!(world.stripe.refunded, 4_500);
}

fn dispute_of(world: &mut World, amount: i64) {
    world.stripe.complain(amount, false);
    world.hear_dispute(0);
    assert_eq!(world.payment.status, PaymentStatus::Disputed);
}

fn decide(world: &mut World, won: bool) {
    world.stripe.decide(won);
    world.hear_dispute(0);
}

#[test]
fn what_was_released_during_a_dispute_follows_when_it_is_won_and_not_when_it_is_lost() {
    for won in [true, false] {
        let mut world = paid(4_500);
        dispute_of(&mut world, 4_500);
        world.tell(Told::Release);
        assert!(!world.payment.released && world.payment.release_asked);
        assert!(
            world
                .payment
                .clone()
                .refund(&RefundId::late_payment(), world.payment.money(1), "", world.now)
                .is_err()
        );
        decide(&mut world, won);
        assert_eq!(world.payment.released, won);
        world.come_to_rest();
        world.check_at_rest();
        let ended = if won { PaymentStatus::Released } else { PaymentStatus::Disputed };
        assert_eq!((world.payment.status, world.stripe.transferred), (ended, if won { 3_600 } else { 0 }));
    }
}

#[test]
fn what_was_transferred_is_taken_back_and_sent_again_when_the_dispute_is_won() {
    for won in [true, false] {
        let mut world = paid(4_500);
        world.tell(Told::Release);
        world.tell(Told::PayOut);
        world.send(Luck::Fine);
        dispute_of(&mut world, 1_000);
        world.send(Luck::Fine);
        assert_eq!((world.stripe.transferred, world.stripe.reversed), (3_600, 800));
        decide(&mut world, won);
        world.come_to_rest();
        world.check_at_rest();
        assert_eq!((world.stripe.transferred, world.stripe.reversed), (if won { 4_400 } else { 3_600 }, 800));
        let ended = if won { PaymentStatus::Released } else { PaymentStatus::PartiallyRefunded };
        assert_eq!(world.payment.status, ended);
    }
}

#[test]
fn a_dispute_of_what_was_refunded_already_is_the_platforms_loss() {
    let mut world = paid(4_500);
    refund_of(&mut world, 4_500);
    world.send(Luck::Fine);
    dispute_of(&mut world, 4_500);
    decide(&mut world, false);
    assert_eq!((world.payment.charged_back, world.payment.overdrawn), (0, 4_500));
    assert_eq!(world.payment.status, PaymentStatus::Refunded);
    world.come_to_rest();
    assert_eq!(world.balance(Account::PlatformRevenue), 4_500);
}

#[test]
fn a_refund_that_the_bank_has_made_by_itself_is_not_owed_any_more() {
    let mut world = paid(4_500);
    world.stripe.complain(4_500, false);
    refund_of(&mut world, 2_000);
    world.send(Luck::Fine);
    world.hear_dispute(0);
    decide(&mut world, false);
    world.come_to_rest();
    world.check_at_rest();
    assert_eq!((world.stripe.refunded, world.payment.refunded, world.payment.charged_back), (0, 0, 4_500));
    assert_eq!(world.payment.status, PaymentStatus::Disputed);
}

#[test]
fn a_refund_that_fails_later_is_owed_until_somebody_makes_it_again() {
    let mut world = paid(4_500);
    refund_of(&mut world, 2_000);
    world.send(Luck::Fine);
    world.stripe.fail_refund(0);
    for _ in 0..2 {
        world.hear_refund(0);
        assert_eq!(world.balance(Account::Refunds), -2_000);
    }
    world.happen(Happens::OldNewsComesAgain);
    assert!(!world.send(Luck::Fine), "nothing is sent by itself");
    refund_of(&mut world, 2_000);
    world.come_to_rest();
    world.check_at_rest();
    assert_eq!((world.stripe.refunded, world.payment.refunded), (2_000, 2_000));
}

#[test]
fn a_refund_that_failed_before_our_own_answer_came_is_owed_too() {
    let mut world = paid(4_500);
    refund_of(&mut world, 2_000);
    let call = world.payment.clone().lease_next(world.now).unwrap();
    world.tell(Told::Lease);
    let outcome = world.stripe.send(&call, false);
    world.stripe.fail_refund(0);
    world.hear_refund(0);
    world.tell(Told::Settle(call, outcome));
    assert_eq!(
        (world.balance(Account::Refunds), world.balance(Account::StripeBalance)),
        (-2_000, 4_500 - 161)
    );
}

#[test]
fn an_inquiry_freezes_nothing() {
    let mut world = paid(4_500);
    world.stripe.complain(4_500, true);
    world.hear_dispute(0);
    assert_eq!((world.payment.status, world.payment.disputes.len()), (PaymentStatus::Held, 1));
    world.tell(Told::Release);
    assert!(world.payment.released);
    decide(&mut world, true);
    assert_eq!(world.payment.disputes[0].outcome, Some(DisputeOutcome::Dropped));
    world.come_to_rest();
    world.check_at_rest();
}

#[test]
fn what_was_closed_and_is_opened_again_freezes_again() {
    let mut world = paid(4_500);
    world.stripe.complain(4_500, true);
    decide(&mut world, true);
    assert_eq!(world.payment.disputes[0].outcome, Some(DisputeOutcome::Dropped));
    let mut seen = world.stripe.dispute(0).unwrap();
    (seen.status, seen.withdrawn, seen.fee, seen.moves) = (DisputeStatus::NeedsResponse, 4_500, 1_500, 1);
    let id = world.payment.disputes[0].id;
    world.tell(Told::Dispute(seen.clone(), id));
    assert_eq!((world.payment.status, world.payment.charged_back), (PaymentStatus::Disputed, 0));
    seen.status = DisputeStatus::Lost;
    world.tell(Told::Dispute(seen.clone(), id));
    assert_eq!((world.payment.is_frozen(), world.payment.charged_back), (false, 4_500));
    // Won after all, and the money is not back yet.
    seen.status = DisputeStatus::Won;
    world.tell(Told::Dispute(seen.clone(), id));
    assert_eq!((world.payment.is_frozen(), world.payment.charged_back), (true, 0));
    (seen.reinstated, seen.moves) = (4_500, 2);
    world.tell(Told::Dispute(seen, id));
    assert_eq!((world.payment.status, world.balance(Account::Disputes)), (PaymentStatus::Held, 0));
}
