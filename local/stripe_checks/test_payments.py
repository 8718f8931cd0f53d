"""Payments and what comes of them, by Stripe's SDK."""

import stripe

from .world import Check


class Payments(Check):
    def test_an_intent_is_made_read_changed_and_cancelled(self) -> None:
        made = self.stripe.payment_intents.create(
            {"amount": 1200, "currency": "eur", "metadata": {"lesson": "1"}, "description": "Algebra"}
        )
        self.assertEqual(made.status, "requires_payment_method")
        self.assertFalse(made.livemode)
        changed = self.stripe.payment_intents.update(made.id, {"metadata": {"lesson": "", "other": "2"}})
        assert changed.metadata is not None
        self.assertEqual(changed.metadata.to_dict(), {"other": "2"})
        cancelled = self.stripe.payment_intents.cancel(made.id, {"cancellation_reason": "abandoned"})
        self.assertEqual((cancelled.status, cancelled.cancellation_reason), ("canceled", "abandoned"))
        self.assertEqual(self.stripe.payment_intents.retrieve(made.id).canceled_at, cancelled.canceled_at)

    def test_what_is_expanded_is_an_object_of_the_right_class(self) -> None:
        paid = self.paid()
        expand = ["latest_charge.balance_transaction", "payment_method"]
        read = self.stripe.payment_intents.retrieve(paid.id, {"expand": list(expand)})
        charge = read.latest_charge
        assert isinstance(charge, stripe.Charge)
        assert isinstance(charge.balance_transaction, stripe.BalanceTransaction)
        assert isinstance(read.payment_method, stripe.PaymentMethod)
        movement = charge.balance_transaction
        self.assertEqual((movement.amount, movement.net, movement.source), (5000, 5000 - movement.fee, charge.id))
        listed = self.stripe.payment_intents.list({"limit": 1, "expand": ["data.latest_charge"]})
        assert isinstance(listed.data[0].latest_charge, stripe.Charge)

    def test_a_decline_is_a_card_error_with_its_code_and_intent(self) -> None:
        with self.assertRaises(stripe.CardError) as caught:
            self.stripe.payment_intents.create(
                {
                    "amount": 900,
                    "currency": "usd",
                    "payment_method": "pm_card_chargeDeclinedInsufficientFunds",
                    "confirm": True,
                    "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
                }
            )
        error = caught.exception.error
        assert error is not None and error.payment_intent is not None
        self.assertEqual((error.code, error.decline_code), ("card_declined", "insufficient_funds"))
        self.assertEqual(error.payment_intent.status, "requires_payment_method")
        charges = self.stripe.charges.list({"payment_intent": error.payment_intent.id})
        self.assertEqual([each.failure_code for each in charges.data], ["card_declined"])

    def test_a_refund_is_in_part_then_whole_and_never_more(self) -> None:
        paid = self.paid(3000)
        first = self.stripe.refunds.create({"payment_intent": paid.id, "amount": 1000, "reason": "duplicate"})
        self.assertEqual((first.status, first.amount), ("succeeded", 1000))
        with self.assertRaises(stripe.InvalidRequestError):
            self.stripe.refunds.create({"payment_intent": paid.id, "amount": 2001})
        self.stripe.refunds.create({"payment_intent": paid.id})
        with self.assertRaises(stripe.InvalidRequestError) as caught:
            self.stripe.refunds.create({"payment_intent": paid.id})
        self.assertEqual(caught.exception.code, "charge_already_refunded")
        self.assertEqual(len(self.stripe.refunds.list({"payment_intent": paid.id}).data), 2)

    def test_a_transfer_draws_on_its_charge_and_is_reversed(self) -> None:
        account, paid = self.ready_account(), self.paid(4000)
        assert isinstance(paid.latest_charge, str)
        transfer = self.stripe.transfers.create(
            {"amount": 3000, "currency": "usd", "destination": account.id, "source_transaction": paid.latest_charge}
        )
        with self.assertRaises(stripe.InvalidRequestError):
            self.stripe.transfers.create(
                {"amount": 1001, "currency": "usd", "destination": account.id, "source_transaction": paid.latest_charge}
            )
        reversal = self.stripe.transfers.reversals.create(transfer.id, {"amount": 500})
        self.assertEqual(reversal.transfer, transfer.id)
        read = self.stripe.transfers.retrieve(transfer.id)
        self.assertEqual((read.amount_reversed, read.reversed), (500, False))
        assert read.reversals is not None
        self.assertEqual([each.id for each in read.reversals.data], [reversal.id])
        kept = self.stripe.transfers.reversals.retrieve(transfer.id, reversal.id)
        self.assertEqual(kept.amount, 500)

    def test_the_balance_is_the_sum_of_its_transactions(self) -> None:
        self.paid(2500)
        movements = self.stripe.balance_transactions.list({"limit": 100, "currency": "usd"}).auto_paging_iter()
        sum_of_nets = sum(each.net for each in movements)
        balance = self.stripe.balance.retrieve()
        sums = [each.amount for each in [*balance.available, *balance.pending] if each.currency == "usd"]
        self.assertEqual(sum(sums), sum_of_nets)


class Accounts(Check):
    def test_an_account_is_made_onboarded_changed_and_deleted(self) -> None:
        account = self.ready_account()
        assert account.capabilities is not None
        self.assertEqual((account.payouts_enabled, account.capabilities.transfers), (True, "active"))
        changed = self.stripe.accounts.update(account.id, {"metadata": {"tutor": "1"}})
        assert changed.metadata is not None
        self.assertEqual(changed.metadata.to_dict(), {"tutor": "1"})
        self.assertIn(account.id, [each.id for each in self.stripe.accounts.list({"limit": 3}).data])
        gone = self.stripe.accounts.delete(account.id)
        self.assertTrue(gone.deleted)
        with self.assertRaises(stripe.PermissionError):
            self.stripe.accounts.retrieve(account.id)

    def test_nothing_goes_to_an_account_that_is_not_onboarded(self) -> None:
        account = self.stripe.accounts.create({"type": "express", "country": "US"})
        with self.assertRaises(stripe.InvalidRequestError) as caught:
            self.stripe.transfers.create({"amount": 100, "currency": "usd", "destination": account.id})
        self.assertEqual(caught.exception.code, "insufficient_capabilities_for_transfer")
