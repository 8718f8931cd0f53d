"""Stripe's own command line: `stripe trigger` for every event that we take in.

A trigger sends what Stripe thinks makes the event happen, so what it needs the stand-in must know. The requests are as
old as the command line: they are sent in a version of the API in which they are right.
"""

import os
import subprocess
import unittest
from collections.abc import Callable
from typing import Any

from ..install import STRIPE_CLI
from .world import SECRET_KEY, Check, until

# From before Stripe chose the payment methods by itself.
_VERSION = "2022-11-15"

# What is triggered, and the event that must come of it. Three that we take in can't be triggered here:
# - checkout.session.completed: the trigger pays on Stripe's own page, by an API that isn't public (payment_pages);
#   test_billing.py pays on the stand-in's page instead;
# - invoice.* other than by a subscription: they are made of invoice items, and we have none; the same events come of
#   subscription.payment_succeeded and subscription.payment_failed;
# - customer.subscription.paused and trial_will_end: we have no trials.
TRIGGERS = {
    "account.updated": "account.updated",
    "billing_portal.configuration.created": "billing_portal.configuration.created",
    "billing_portal.session.created": "billing_portal.session.created",
    "charge.captured": "charge.captured",
    "charge.dispute.created": "charge.dispute.created",
    "charge.dispute.closed": "charge.dispute.closed",
    "charge.failed": "charge.failed",
    "charge.refunded": "charge.refunded",
    "charge.refund.updated": "refund.updated",
    "charge.succeeded": "charge.succeeded",
    "checkout.session.expired": "checkout.session.expired",
    "customer.created": "customer.created",
    "customer.deleted": "customer.deleted",
    "customer.subscription.created": "customer.subscription.created",
    "customer.subscription.deleted": "customer.subscription.deleted",
    "customer.subscription.updated": "customer.subscription.updated",
    "customer.updated": "customer.updated",
    "payment_intent.amount_capturable_updated": "payment_intent.amount_capturable_updated",
    "payment_intent.canceled": "payment_intent.canceled",
    "payment_intent.created": "payment_intent.created",
    "payment_intent.payment_failed": "payment_intent.payment_failed",
    "payment_intent.requires_action": "payment_intent.requires_action",
    "payment_intent.succeeded": "payment_intent.succeeded",
    "payment_method.attached": "payment_method.attached",
    "payment_method.detached": "payment_method.detached",
    "payout.created": "payout.created",
    "payout.updated": "payout.updated",
    "price.created": "price.created",
    "price.updated": "price.updated",
    "product.created": "product.created",
    "product.updated": "product.updated",
    "setup_intent.canceled": "setup_intent.canceled",
    "setup_intent.created": "setup_intent.created",
    "setup_intent.requires_action": "setup_intent.requires_action",
    "setup_intent.setup_failed": "setup_intent.setup_failed",
    "setup_intent.succeeded": "setup_intent.succeeded",
    "subscription.payment_failed": "invoice.payment_failed",
    "subscription.payment_succeeded": "invoice.paid",
    "test_helpers.test_clock.created": "test_helpers.test_clock.created",
    "test_helpers.test_clock.ready": "test_helpers.test_clock.ready",
    "transfer.created": "transfer.created",
    "transfer.reversed": "transfer.reversed",
    "transfer.updated": "transfer.updated",
}


@unittest.skipUnless(STRIPE_CLI.exists(), "npm has Stripe's command line for Linux on x64 only")
class Triggers(Check):
    def setUp(self) -> None:
        super().setUp()
        # Transfers and payouts of a trigger are as large as its payment, of which a fee is taken.
        self.paid(10_000)

    def needs(self, name: str) -> list[str]:
        """What a trigger can't make by itself: nobody onboards its account, and the platform pays out nothing."""
        if name == "billing_portal.session.created":
            configuration = self.stripe.billing_portal.configurations.create(
                {"features": {"invoice_history": {"enabled": True}}}
            )
            return ["--add", f"billing_portal:configuration={configuration.id}"]
        if not name.startswith(("transfer.", "payout.")):
            return []
        account = self.ready_account().id
        if name.startswith("transfer."):
            return ["--skip", "account", "--override", f"transfer:destination={account}"]
        self.stripe.transfers.create({"amount": 2000, "currency": "usd", "destination": account})
        return ["--skip", "payment_intent", "--stripe-account", account]

    def trigger(self, name: str) -> str:
        """Runs it, and gives what it says when it fails."""
        home = str(self.world.folder)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": home,
            "XDG_CONFIG_HOME": home,
            "STRIPE_CLI_TELEMETRY_OPTOUT": "1",
        }
        options = ["--api-base", self.world.url, "--api-key", SECRET_KEY, "--api-version", _VERSION, *self.needs(name)]
        ran = subprocess.run(
            [str(STRIPE_CLI), "trigger", name, *options],
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=60,
            check=False,
        )
        return ran.stdout if ran.returncode != 0 or "Trigger failed" in ran.stdout else ""


def _check(name: str, event: str) -> Callable[[Triggers], None]:
    def check(self: Triggers) -> None:
        before = len(self.world.webhook.deliveries)
        self.assertEqual(self.trigger(name), "")

        def came() -> list[dict[str, Any]]:
            new = [each.event for each in self.world.webhook.deliveries[before:]]
            return [each for each in new if each["type"] == event]

        until(came)

    return check


for _name, _event in TRIGGERS.items():
    setattr(Triggers, f"test_{_name.replace('.', '_')}_happens_when_it_is_triggered", _check(_name, _event))
