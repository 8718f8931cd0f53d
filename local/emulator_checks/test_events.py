"""Bus, queue and consumer."""

import json
import unittest

from .world import shared, until


class Events(unittest.TestCase):
    def _put(self, source: str, kind: str, detail: dict[str, object]) -> None:
        entry = {"EventBusName": "check", "Source": source, "DetailType": kind, "Detail": json.dumps(detail)}
        self.assertEqual(shared().client("events").put_events(Entries=[entry])["FailedEntryCount"], 0)

    def test_an_event_reaches_its_consumer_through_rule_and_queue(self) -> None:
        self._put("lectern.booking", "lesson.scheduled", {"name": "through"})
        until(lambda: shared().taken("through"))

    def test_an_event_reaches_its_consumer_within_half_a_second(self) -> None:
        delay = shared().median_delay(lambda name: self._put("lectern.speed", "lesson.scheduled", {"name": name}))
        self.assertLess(delay, 0.5)

    def test_an_event_that_no_rule_wants_reaches_nobody(self) -> None:
        self._put("lectern.booking", "lesson.cancelled", {"name": "unwanted"})
        self._put("elsewhere", "lesson.scheduled", {"name": "foreign"})
        self._put("lectern.booking", "lesson.scheduled", {"name": "wanted"})
        until(lambda: shared().taken("wanted"))
        self.assertFalse(shared().taken("unwanted") or shared().taken("foreign"))

    def test_a_role_may_only_publish_under_the_source_of_its_policy(self) -> None:
        world = shared()
        self.assertEqual(world.invoke("publish", {"sources": ["lectern.mine"]}), {"failed": 0})
        for sources in (["lectern.other"], ["lectern.mine", "lectern.other"]):
            self.assertIn("error", world.invoke("publish", {"sources": sources}))

    def test_of_a_batch_only_the_failed_message_comes_again_and_ends_in_the_failure_queue(self) -> None:
        sqs = shared().client("sqs")
        bodies = [{"name": "good-1"}, {"name": "bad-1", "bad": True}, {"name": "good-2"}]
        entries = [{"Id": str(index), "MessageBody": json.dumps(body)} for index, body in enumerate(bodies)]
        sqs.send_message_batch(QueueUrl=shared().outputs["Queue"], Entries=entries)
        until(lambda: shared().taken("good-1") and shared().taken("good-2"))
        got = until(
            lambda: sqs.receive_message(QueueUrl=shared().outputs["Failures"], WaitTimeSeconds=1).get("Messages"), 20
        )
        self.assertEqual([json.loads(message["Body"])["name"] for message in got], ["bad-1"])
        self.assertFalse(shared().taken("bad-1"))
