"""The contract itself: that it is of the version that we pin, and that it finds what is wrong."""

import json
import unittest

import stripe

from ..install import STRIPE_CONTRACT
from ..settings import ROOT


class Contract(unittest.TestCase):
    contract = json.loads(STRIPE_CONTRACT.read_text())

    def test_it_is_of_the_version_that_the_client_and_the_stand_in_pin(self) -> None:
        version = self.contract["version"]
        self.assertEqual(version, stripe.api_version)
        for file in ("functions/payments/src/stripe/client.rs", "local/stripe/src/lib.rs"):
            self.assertIn(f'API_VERSION: &str = "{version}"', (ROOT / file).read_text())

    def test_it_has_what_the_published_document_lost_since(self) -> None:
        subscription = self.contract["schemas"]["subscription"]["properties"]
        self.assertNotIn("current_period_end", subscription)
        self.assertIn("current_period_end", self.contract["schemas"]["subscription_item"]["properties"])
        self.assertIn("billing_mode", subscription)

    def test_every_operation_of_the_published_document_is_still_there(self) -> None:
        paths = {(each["method"], each["path"]) for each in self.contract["operations"]}
        self.assertGreater(len(paths), 400)
        for wanted in (("post", "/v1/refunds"), ("get", "/v1/payouts/{payout}"), ("post", "/v1/account_links")):
            self.assertIn(wanted, paths)
