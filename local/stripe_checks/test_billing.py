"""Customers, their cards and what they subscribe to, by Stripe's SDK."""

import urllib.parse
import urllib.request
from typing import Any

import stripe

from .world import Check, until

DAY = 24 * 60 * 60
# 1 March 2030, noon.
START = 1_898_596_800


class Unled(urllib.request.HTTPRedirectHandler):
    """A browser that stays where it is."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Billing(Check):
    def price(self) -> stripe.Price:
        """What is subscribed to."""
        product = self.stripe.products.create({"name": "Pro"})
        return self.stripe.prices.create(
            {"product": product.id, "currency": "usd", "unit_amount": 1200, "recurring": {"interval": "month"}}
        )

    def customer(self, card: str = "pm_card_visa", clock: str | None = None) -> stripe.Customer:
        """Somebody whose card pays by default."""
        asked: Any = {
            "email": "ann@example.com",
            "payment_method": card,
            "invoice_settings": {"default_payment_method": card},
        }
        return self.stripe.customers.create(asked | ({"test_clock": clock} if clock else {}))

    def test_a_customer_is_made_found_changed_and_deleted(self) -> None:
        customer = self.stripe.customers.create({"email": "bo@example.com", "metadata": {"user": "1"}})
        self.assertEqual(self.stripe.customers.retrieve(customer.id).email, "bo@example.com")
        self.assertIn(customer.id, [each.id for each in self.stripe.customers.list({"email": "bo@example.com"}).data])
        self.assertEqual(self.stripe.customers.update(customer.id, {"name": "Bo"}).name, "Bo")
        self.assertTrue(self.stripe.customers.delete(customer.id).deleted)
        self.assertTrue(self.stripe.customers.retrieve(customer.id).deleted)

    def test_a_card_is_saved_by_a_setup_intent_used_and_taken_away(self) -> None:
        customer = self.stripe.customers.create()
        intent = self.stripe.setup_intents.create(
            {
                "customer": customer.id,
                "payment_method": "pm_card_visa",
                "confirm": True,
                "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            }
        )
        self.assertEqual(intent.status, "succeeded")
        [card] = self.stripe.payment_methods.list({"customer": customer.id, "type": "card"}).data
        assert card.card is not None
        self.assertEqual((card.id, card.card.last4), (intent.payment_method, "4242"))
        paid = self.stripe.payment_intents.create(
            {
                "amount": 1500,
                "currency": "usd",
                "customer": customer.id,
                "payment_method": card.id,
                "confirm": True,
                "off_session": True,
                "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            }
        )
        self.assertEqual((paid.status, paid.customer), ("succeeded", customer.id))
        self.assertIsNone(self.stripe.payment_methods.detach(card.id).customer)
        self.assertEqual(self.stripe.payment_methods.list({"customer": customer.id}).data, [])

    def test_a_subscription_begins_renews_by_a_clock_and_ends(self) -> None:
        clock = self.stripe.test_helpers.test_clocks.create({"frozen_time": START})
        customer = self.customer(clock=clock.id)
        price = self.price()
        made = self.stripe.subscriptions.create(
            {
                "customer": customer.id,
                "items": [{"price": price.id}],
                "expand": ["latest_invoice.confirmation_secret", "latest_invoice.payments"],
            }
        )
        self.assertEqual(made.status, "active")
        invoice = made.latest_invoice
        assert isinstance(invoice, stripe.Invoice) and invoice.payments is not None
        self.assertEqual((invoice.status, invoice.amount_paid, len(invoice.payments.data)), ("paid", 1200, 1))
        self.stripe.test_helpers.test_clocks.advance(clock.id, {"frozen_time": START + 32 * DAY})
        until(lambda: self.stripe.test_helpers.test_clocks.retrieve(clock.id).status == "ready")
        invoices = self.stripe.invoices.list({"subscription": made.id}).data
        self.assertEqual([each.billing_reason for each in invoices], ["subscription_cycle", "subscription_create"])
        self.assertEqual(self.stripe.subscriptions.cancel(made.id).status, "canceled")
        deleted = self.stripe.events.list({"type": "customer.subscription.deleted", "limit": 1}).data[0]
        self.assertEqual(deleted.data.object["id"], made.id)

    def test_a_card_that_is_declined_leaves_a_subscription_incomplete(self) -> None:
        customer = self.customer("pm_card_chargeCustomerFail")
        made = self.stripe.subscriptions.create(
            {
                "customer": customer.id,
                "items": [{"price": self.price().id}],
                "payment_behavior": "allow_incomplete",
                "expand": ["latest_invoice"],
            }
        )
        self.assertEqual(made.status, "incomplete")
        assert isinstance(made.latest_invoice, stripe.Invoice)
        self.assertEqual(made.latest_invoice.status, "open")

    def test_a_checkout_page_that_is_paid_on_completes_its_session(self) -> None:
        customer, price = self.stripe.customers.create(), self.price()
        session = self.stripe.checkout.sessions.create(
            {
                "mode": "subscription",
                "customer": customer.id,
                "line_items": [{"price": price.id, "quantity": 1}],
                "success_url": "https://lectern.example/done",
            }
        )
        assert session.url is not None and session.url.startswith(self.world.url)
        form = urllib.parse.urlencode({"card": "pm_card_visa"}).encode()
        opener = urllib.request.build_opener(Unled)
        with self.assertRaises(urllib.error.HTTPError) as left:
            opener.open(session.url, form, timeout=30)
        self.assertEqual((left.exception.code, left.exception.headers["location"]), (303, "https://lectern.example/done"))
        left.exception.close()
        done = self.stripe.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]})
        self.assertEqual((done.status, done.payment_status), ("complete", "paid"))
        assert isinstance(done.subscription, stripe.Subscription)
        self.assertEqual(done.subscription.status, "active")
        until(lambda: [e for e in self.world.webhook.of("checkout.session.completed") if session.id in e.body.decode()])

    def test_a_portal_session_has_a_page(self) -> None:
        customer = self.stripe.customers.create()
        configuration = self.stripe.billing_portal.configurations.create(
            {"features": {"subscription_cancel": {"enabled": True}}}
        )
        session = self.stripe.billing_portal.sessions.create(
            {"customer": customer.id, "configuration": configuration.id, "return_url": "https://lectern.example/"}
        )
        self.assertTrue(session.url.startswith(self.world.url))
