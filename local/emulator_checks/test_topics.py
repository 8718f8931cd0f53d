"""Topics: to a queue and the function behind it, in a role's name."""

import json
import unittest

from .world import shared, until

# As a context's template has it, where the topic is the platform's; through SAM's transform, as `sam deploy` does.
_SUBSCRIBER = {
    "AWSTemplateFormatVersion": "2010-09-09",
    "Transform": "AWS::Serverless-2016-10-31",
    "Parameters": {"Stage": {"Type": "String"}, "Queue": {"Type": "String"}},
    "Resources": {
        "Subscription": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": {"Fn::Sub": "{{resolve:ssm:/handed/${Stage}/arn}}"},
                "Protocol": "sqs",
                "Endpoint": {"Ref": "Queue"},
                "RawMessageDelivery": True,
            },
        }
    },
}


class Topics(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        world = shared()
        cloudformation = world.client("cloudformation")
        cloudformation.create_change_set(
            StackName="subscriber",
            ChangeSetName="first",
            ChangeSetType="CREATE",
            TemplateBody=json.dumps(_SUBSCRIBER),
            Capabilities=["CAPABILITY_AUTO_EXPAND"],
            Parameters=[
                {"ParameterKey": "Stage", "ParameterValue": "topic"},
                {"ParameterKey": "Queue", "ParameterValue": world.outputs["QueueArn"]},
            ],
        )
        change = {"StackName": "subscriber", "ChangeSetName": "first"}
        until(lambda: cloudformation.describe_change_set(**change)["Status"] == "CREATE_COMPLETE")
        cloudformation.execute_change_set(**change)
        until(lambda: world.stack_status("subscriber") == "CREATE_COMPLETE")

    def _announce(self, function: str, topic: str, name: str) -> dict[str, str]:
        event = {"topic": shared().outputs[topic], "message": json.dumps({"name": name})}
        return shared().invoke(function, event)

    def test_the_subscription_found_the_topic_through_its_parameter(self) -> None:
        sns = shared().client("sns")
        [found] = sns.list_subscriptions_by_topic(TopicArn=shared().outputs["Topic"])["Subscriptions"]
        self.assertEqual((found["Protocol"], found["Endpoint"]), ("sqs", shared().outputs["QueueArn"]))
        how = sns.get_subscription_attributes(SubscriptionArn=found["SubscriptionArn"])["Attributes"]
        self.assertEqual(how["RawMessageDelivery"], "true")

    def test_the_bare_message_reaches_the_function_behind_the_queue(self) -> None:
        self.assertIn("done", self._announce("announce", "Topic", "announced"))
        until(lambda: shared().taken("announced"))

    def test_it_does_so_within_half_a_second(self) -> None:
        topic, sns = shared().outputs["Topic"], shared().client("sns")
        delay = shared().median_delay(lambda name: sns.publish(TopicArn=topic, Message=json.dumps({"name": name})))
        self.assertLess(delay, 0.5)

    def test_a_role_without_the_right_does_not_publish(self) -> None:
        self.assertEqual(self._announce("announce-mute", "Topic", "unheard"), {"error": "AuthorizationError"})

    def test_the_right_is_for_one_topic(self) -> None:
        self.assertEqual(self._announce("announce", "OtherTopic", "misheard"), {"error": "AuthorizationError"})

    def test_a_queue_that_does_not_let_the_topic_in_gets_nothing(self) -> None:
        world, sqs = shared(), shared().client("sqs")
        queue = sqs.create_queue(QueueName="shut")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        subscription = world.client("sns").subscribe(
            TopicArn=world.outputs["Topic"], Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True
        )["SubscriptionArn"]
        self.addCleanup(world.client("sns").unsubscribe, SubscriptionArn=subscription)
        self._announce("announce", "Topic", "not-shut")
        until(lambda: shared().taken("not-shut"))
        self.assertNotIn("Messages", sqs.receive_message(QueueUrl=queue))
