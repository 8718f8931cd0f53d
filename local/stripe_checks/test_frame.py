"""What holds for every resource: errors, lists, keys, versions; by Stripe's SDK."""

import uuid

import stripe

from .world import Check


class Errors(Check):
    def test_a_wrong_key_is_an_authentication_error(self) -> None:
        with self.assertRaises(stripe.AuthenticationError) as caught:
            self.world.client_with("sk_test_not_the_one").v1.balance.retrieve()
        self.assertEqual(caught.exception.http_status, 401)

    def test_a_publishable_key_has_no_permission(self) -> None:
        with self.assertRaises(stripe.PermissionError) as caught:
            self.world.client_with("pk_test_123456789012").v1.balance.retrieve()
        assert caught.exception.error is not None
        self.assertEqual(caught.exception.error.code, "secret_key_required")

    def test_what_is_not_there_is_an_invalid_request_with_its_parameter(self) -> None:
        with self.assertRaises(stripe.InvalidRequestError) as caught:
            self.stripe.payment_intents.retrieve("pi_nothing")
        error = caught.exception
        self.assertEqual((error.http_status, error.code, error.param), (404, "resource_missing", "intent"))
        self.assertEqual(error.user_message, "No such payment_intent: 'pi_nothing'")
        self.assertTrue((error.request_id or "").startswith("req_"))

    def test_an_unknown_and_a_missing_parameter_are_named(self) -> None:
        with self.assertRaises(stripe.InvalidRequestError) as caught:
            self.stripe.refunds.create({"colour": "red"})  # type: ignore[typeddict-unknown-key]
        self.assertEqual((caught.exception.code, caught.exception.param), ("parameter_unknown", "colour"))
        with self.assertRaises(stripe.InvalidRequestError) as caught:
            self.stripe.payment_intents.create({"amount": 100})  # type: ignore[typeddict-item]
        self.assertEqual((caught.exception.code, caught.exception.param), ("parameter_missing", "currency"))

    def test_too_many_requests_are_a_rate_limit_error_and_an_outage_an_api_error(self) -> None:
        self.world.admin("POST", "faults", kind="rate_limited", path="/v1/refunds", method="GET")
        with self.assertRaises(stripe.RateLimitError):
            self.stripe.refunds.list()
        self.world.admin("POST", "faults", kind="error_500_before", path="/v1/refunds", method="GET")
        with self.assertRaises(stripe.APIError) as caught:
            self.stripe.refunds.list()
        self.assertEqual(caught.exception.http_status, 500)

    def test_what_can_not_be_expanded_is_refused(self) -> None:
        with self.assertRaises(stripe.InvalidRequestError) as caught:
            self.stripe.refunds.list({"expand": ["charge"]})
        self.assertIn("data.charge", caught.exception.user_message or "")
        with self.assertRaises(stripe.InvalidRequestError):
            self.stripe.balance.retrieve({"expand": ["a.b.c.d.e"]})


class Keys(Check):
    def test_the_same_key_replays_and_another_body_is_an_idempotency_error(self) -> None:
        options: stripe.RequestOptions = {"idempotency_key": str(uuid.uuid4())}
        first = self.stripe.payment_intents.create({"amount": 700, "currency": "usd"}, options)
        again = self.stripe.payment_intents.create({"amount": 700, "currency": "usd"}, options)
        self.assertEqual(first.id, again.id)
        assert again.last_response is not None
        self.assertEqual(again.last_response.headers["idempotent-replayed"], "true")
        with self.assertRaises(stripe.IdempotencyError):
            self.stripe.payment_intents.create({"amount": 701, "currency": "usd"}, options)

    def test_the_sdk_itself_makes_up_for_what_failed_on_the_way(self) -> None:
        patient = stripe.StripeClient(
            "sk_test_123456789012", base_addresses={"api": self.world.url}, max_network_retries=2
        )
        self.world.admin("POST", "faults", kind="timeout_after", path="/v1/payment_intents", method="POST", delay_ms="0")
        name = str(uuid.uuid4())
        made = patient.v1.payment_intents.create({"amount": 800, "currency": "usd", "metadata": {"name": name}})
        newest = self.stripe.payment_intents.list({"limit": 5}).data
        same = [each.id for each in newest if each.metadata and each.metadata.to_dict() == {"name": name}]
        self.assertEqual(same, [made.id])


class Lists(Check):
    def test_a_list_is_walked_page_by_page_both_ways(self) -> None:
        group = str(uuid.uuid4())
        made = [
            self.stripe.payment_intents.create({"amount": 600, "currency": "usd", "transfer_group": group}).id
            for _ in range(5)
        ]
        first = self.stripe.payment_intents.list({"limit": 2})
        walked = [each.id for _, each in zip(range(5), first.auto_paging_iter())]
        self.assertEqual(walked, made[::-1])
        newer = self.stripe.payment_intents.list({"limit": 2, "ending_before": made[0]})
        self.assertEqual([each.id for each in newer.data], [made[2], made[1]])
        self.assertTrue(newer.has_more)

    def test_a_list_is_cut_by_time(self) -> None:
        made = self.stripe.payment_intents.create({"amount": 600, "currency": "usd"})
        after = self.stripe.payment_intents.list({"created": {"gt": made.created + 3600}})
        self.assertEqual(after.data, [])
        since = self.stripe.payment_intents.list({"created": {"gte": made.created}, "limit": 100})
        self.assertIn(made.id, [each.id for each in since.auto_paging_iter()])

    def test_a_page_has_one_to_a_hundred(self) -> None:
        for limit in (0, 101):
            with self.assertRaises(stripe.InvalidRequestError):
                self.stripe.charges.list({"limit": limit})


class Versions(Check):
    def test_an_unknown_version_is_refused_and_an_older_one_is_asked_as_it_was(self) -> None:
        with self.assertRaises(stripe.InvalidRequestError) as caught:
            self.stripe.balance.retrieve(options={"stripe_version": "2025-01-01"})
        self.assertIn("Invalid Stripe API version", caught.exception.user_message or "")
        named = {"amount": 600, "currency": "usd", "payment_method_types": ["card"]}
        older = self.world.client.raw_request("post", "/v1/payment_intents", stripe_version="2025-03-31.basil", **named)
        self.assertEqual(older.code, 200)
        with self.assertRaises(stripe.InvalidRequestError) as caught:
            self.world.client.raw_request("post", "/v1/payment_intents", **named)
        self.assertEqual(caught.exception.code, "payment_method_types_no_longer_supported")
