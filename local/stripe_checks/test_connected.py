"""Connected accounts, their money, and what payers dispute, by Stripe's SDK."""

import uuid

import stripe

from .world import CONNECT_SECRET, Check, until


class Connected(Check):
    def account_with(self, amount: int) -> tuple[str, stripe.RequestOptions]:
        """An account that holds so much, and how to act as it."""
        account = self.ready_account()
        self.paid(amount * 2)
        self.stripe.transfers.create({"amount": amount, "currency": "usd", "destination": account.id})
        return account.id, {"stripe_account": account.id}

    def test_an_account_has_a_balance_of_its_own(self) -> None:
        _, own = self.account_with(3000)
        balance = self.stripe.balance.retrieve(options=own)
        self.assertEqual([each.amount for each in balance.available if each.currency == "usd"], [3000])
        [movement] = self.stripe.balance_transactions.list({"limit": 5}, own).data
        self.assertEqual((movement.type, movement.net), ("payment", 3000))

    def test_an_unknown_account_is_a_permission_error(self) -> None:
        with self.assertRaises(stripe.PermissionError) as caught:
            self.stripe.balance.retrieve(options={"stripe_account": "acct_nobody"})
        assert caught.exception.error is not None
        self.assertEqual(caught.exception.error.code, "account_invalid")

    def test_a_payout_is_sent_and_arrives_and_is_told_by_the_accounts_webhook(self) -> None:
        account, own = self.account_with(3000)
        payout = self.stripe.payouts.create({"amount": 2500, "currency": "usd", "metadata": {"run": "1"}}, own)
        self.assertEqual((payout.status, payout.automatic), ("pending", False))
        with self.assertRaises(stripe.InvalidRequestError) as caught:
            self.stripe.payouts.create({"amount": 501, "currency": "usd"}, own)
        self.assertEqual(caught.exception.code, "balance_insufficient")
        self.world.admin("POST", f"payouts/{payout.id}/send")
        self.world.admin("POST", f"payouts/{payout.id}/pay")
        self.assertEqual(self.stripe.payouts.retrieve(payout.id, options=own).status, "paid")
        with self.assertRaises(stripe.InvalidRequestError):
            self.stripe.payouts.retrieve(payout.id)
        paid = until(lambda: [e for e in self.world.webhook.of("payout.paid") if e.event["account"] == account])[0]
        event = stripe.Webhook.construct_event(paid.body, paid.signature, CONNECT_SECRET)  # type: ignore[no-untyped-call]
        self.assertEqual(event.data.object["id"], payout.id)

    def test_a_payout_that_fails_or_is_cancelled_gives_its_money_back(self) -> None:
        _, own = self.account_with(3000)
        payout = self.stripe.payouts.create({"amount": 1000, "currency": "usd"}, own)
        self.assertEqual(self.stripe.payouts.cancel(payout.id, options=own).status, "canceled")
        payout = self.stripe.payouts.create({"amount": 3000, "currency": "usd"}, own)
        self.world.admin("POST", f"payouts/{payout.id}/fail", failure_code="account_closed")
        failed = self.stripe.payouts.retrieve(payout.id, {"expand": ["failure_balance_transaction"]}, own)
        self.assertEqual((failed.status, failed.failure_code), ("failed", "account_closed"))
        assert isinstance(failed.failure_balance_transaction, stripe.BalanceTransaction)
        balance = self.stripe.balance.retrieve(options=own)
        self.assertEqual([each.amount for each in balance.available if each.currency == "usd"], [3000])

    def test_an_account_link_leads_to_a_page(self) -> None:
        account = self.stripe.accounts.create({"type": "express", "country": "US"})
        link = self.stripe.account_links.create(
            {
                "account": account.id,
                "type": "account_onboarding",
                "refresh_url": "https://lectern.example/again",
                "return_url": "https://lectern.example/back",
            }
        )
        self.assertGreater(link.expires_at, link.created)
        self.assertTrue(link.url.startswith(self.world.url))


class Disputes(Check):
    def disputed(self) -> stripe.Dispute:
        """A payment whose payer complains."""
        paid = self.stripe.payment_intents.create(
            {
                "amount": 2200,
                "currency": "usd",
                "payment_method": "pm_card_createDispute",
                "confirm": True,
                "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            }
        )
        [dispute] = self.stripe.disputes.list({"payment_intent": paid.id}).data
        return dispute

    def test_evidence_wins_or_loses_a_dispute(self) -> None:
        for words, outcome in (("winning_evidence", "won"), ("losing_evidence", "lost")):
            dispute = self.disputed()
            self.assertEqual((dispute.status, dispute.amount), ("needs_response", 2200))
            staged = self.stripe.disputes.update(
                dispute.id, {"evidence": {"product_description": "An hour"}, "submit": False}
            )
            self.assertTrue(staged.evidence_details.has_evidence)
            self.stripe.disputes.update(dispute.id, {"evidence": {"uncategorized_text": words}, "submit": True})
            closed = until(
                lambda: [e for e in self.world.webhook.of("charge.dispute.closed") if dispute.id in e.body.decode()]
            )
            self.assertEqual(closed[0].event["data"]["object"]["status"], outcome)

    def test_a_dispute_that_is_given_up_is_lost_and_takes_the_money(self) -> None:
        dispute = self.disputed()
        self.assertEqual(self.stripe.disputes.close(dispute.id).status, "lost")
        read = self.stripe.disputes.retrieve(dispute.id, {"expand": ["charge"]})
        assert isinstance(read.charge, stripe.Charge)
        self.assertTrue(read.charge.disputed)
        self.assertEqual(sum(each.amount for each in read.balance_transactions), -2200)


class Endpoints(Check):
    def test_a_webhook_endpoint_is_made_with_a_secret_changed_and_deleted(self) -> None:
        endpoint = self.stripe.webhook_endpoints.create(
            {"url": self.world.webhook.url, "enabled_events": ["payment_intent.canceled"], "description": str(uuid.uuid4())}
        )
        assert endpoint.secret is not None
        made = self.stripe.payment_intents.create({"amount": 900, "currency": "usd"})
        self.stripe.payment_intents.cancel(made.id)

        def signed_by_it() -> bool:
            for each in self.world.webhook.of("payment_intent.canceled"):
                try:
                    stripe.Webhook.construct_event(each.body, each.signature, str(endpoint.secret))  # type: ignore[no-untyped-call]
                    return True
                except stripe.SignatureVerificationError:
                    continue
            return False

        until(signed_by_it)
        read = self.stripe.webhook_endpoints.retrieve(endpoint.id)
        self.assertIsNone(getattr(read, "secret", None))
        self.assertEqual(self.stripe.webhook_endpoints.update(endpoint.id, {"disabled": True}).status, "disabled")
        self.assertIn(endpoint.id, [each.id for each in self.stripe.webhook_endpoints.list().data])
        self.assertTrue(self.stripe.webhook_endpoints.delete(endpoint.id).deleted)
