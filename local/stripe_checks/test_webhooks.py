"""Events and how they are delivered, by Stripe's SDK."""

import stripe

from .world import WEBHOOK_SECRET, Check, Delivery, until


class Webhooks(Check):
    def delivered(self, kind: str, about: str) -> Delivery:
        """The delivery of what happened to that object."""

        def find() -> Delivery | None:
            of_kind = self.world.webhook.of(kind)
            return next((each for each in of_kind if each.event["data"]["object"]["id"] == about), None)

        return until(find)

    def test_the_sdk_takes_an_event_by_its_signature_and_nothing_else(self) -> None:
        paid = self.paid()
        delivery = self.delivered("payment_intent.succeeded", paid.id)
        event = stripe.Webhook.construct_event(delivery.body, delivery.signature, WEBHOOK_SECRET)  # type: ignore[no-untyped-call]
        self.assertEqual(event.type, "payment_intent.succeeded")
        for body, secret in ((delivery.body + b" ", WEBHOOK_SECRET), (delivery.body, "whsec_another")):
            with self.assertRaises(stripe.SignatureVerificationError):
                stripe.Webhook.construct_event(body, delivery.signature, secret)  # type: ignore[no-untyped-call]

    def test_an_old_signature_is_refused(self) -> None:
        paid = self.paid()
        self.delivered("payment_intent.succeeded", paid.id)
        events = self.stripe.events.list({"type": "payment_intent.succeeded", "limit": 1})
        before = len(self.world.webhook.deliveries)
        self.world.admin("POST", "webhooks/deliver", event=events.data[0].id, age_seconds="301")
        [late] = [each for each in self.world.webhook.deliveries[before:] if each.event["id"] == events.data[0].id]
        with self.assertRaisesRegex(stripe.SignatureVerificationError, "Timestamp"):
            stripe.Webhook.construct_event(late.body, late.signature, WEBHOOK_SECRET)  # type: ignore[no-untyped-call]

    def test_an_event_tells_what_changed_and_who_asked(self) -> None:
        made = self.stripe.payment_intents.create({"amount": 900, "currency": "usd"})
        refunded = self.paid(1100)
        refund = self.stripe.refunds.create({"payment_intent": refunded.id}, {"idempotency_key": f"of {made.id}"})
        delivery = self.delivered("charge.refunded", str(refund.charge))
        event = self.stripe.events.retrieve(delivery.event["id"])
        assert event.request is not None and event.data.previous_attributes is not None
        self.assertEqual(event.request.idempotency_key, f"of {made.id}")
        self.assertEqual(event.data.previous_attributes["amount_refunded"], 0)
        self.assertEqual(event.data.object["amount_refunded"], 1100)
        until(lambda: self.stripe.events.retrieve(event.id).pending_webhooks == 0)
