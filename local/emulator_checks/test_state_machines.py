"""Step Functions, as far as a saga needs it."""

import json
import unittest
from typing import Any

from .world import shared, until

_INVOKE = "arn:aws:states:::lambda:invoke"


class StateMachines(unittest.TestCase):
    def _run(self, name: str, states: dict[str, Any], first: str, value: Any, **extra: Any) -> str:
        states_client = shared().client("stepfunctions")
        definition = json.dumps({"StartAt": first, "States": states, **extra})
        role = shared().outputs["SagaRole"]
        machine = states_client.create_state_machine(name=name, definition=definition, roleArn=role)
        started = states_client.start_execution(stateMachineArn=machine["stateMachineArn"], input=json.dumps(value))
        return started["executionArn"]

    def _ended(self, execution: str) -> dict[str, Any]:
        def seen() -> dict[str, Any] | None:
            now = shared().client("stepfunctions").describe_execution(executionArn=execution)
            return None if now["status"] == "RUNNING" else now

        return until(seen, 20)

    def _events(self, execution: str, kind: str) -> list[dict[str, Any]]:
        history = shared().client("stepfunctions").get_execution_history(executionArn=execution, maxResults=1000)
        return [event for event in history["events"] if event["type"] == kind]

    def test_a_step_waits_for_its_token(self) -> None:
        wait = {
            "Type": "Task",
            "Resource": _INVOKE + ".waitForTaskToken",
            "Parameters": {"FunctionName": "check-keep-token", "Payload": {"token.$": "$$.Task.Token"}},
            "TimeoutSeconds": 20,
            "End": True,
        }
        execution = self._run("token", {"Wait": wait}, "Wait", {})
        kept = lambda: shared().client("ssm").get_parameters(Names=["/taken/token"])["Parameters"]  # noqa: E731
        token = until(kept)[0]["Value"]
        shared().client("stepfunctions").send_task_success(taskToken=token, output='{"paid": true}')
        ended = self._ended(execution)
        self.assertEqual((ended["status"], json.loads(ended["output"])), ("SUCCEEDED", {"paid": True}))

    def test_a_token_that_never_comes_is_caught_as_a_timeout(self) -> None:
        wait = {
            "Type": "Task",
            "Resource": _INVOKE + ".waitForTaskToken",
            "Parameters": {"FunctionName": "check-echo", "Payload": {"token.$": "$$.Task.Token"}},
            "TimeoutSeconds": 1,
            "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "Late"}],
            "End": True,
        }
        late = {"Type": "Pass", "Result": "late", "End": True}
        ended = self._ended(self._run("timeout", {"Wait": wait, "Late": late}, "Wait", {}))
        self.assertEqual((ended["status"], ended["output"]), ("SUCCEEDED", '"late"'))

    def test_a_step_that_waits_for_a_token_fails_at_once_when_its_call_fails(self) -> None:
        wait = {
            "Type": "Task",
            "Resource": _INVOKE + ".waitForTaskToken",
            "Parameters": {"FunctionName": "check-fail", "Payload": {"token.$": "$$.Task.Token"}},
            "TimeoutSeconds": 300,
            "Catch": [{"ErrorEquals": ["ValueError"], "Next": "Undo"}],
            "End": True,
        }
        undo = {"Type": "Pass", "Result": "undone", "End": True}
        ended = self._ended(self._run("call-fails", {"Wait": wait, "Undo": undo}, "Wait", {}))
        self.assertEqual((ended["status"], ended.get("output")), ("SUCCEEDED", '"undone"'))

    def test_a_failing_step_is_tried_again_and_then_caught(self) -> None:
        fail = {
            "Type": "Task",
            "Resource": _INVOKE,
            "Parameters": {"FunctionName": "check-fail", "Payload": {}},
            "Retry": [{"ErrorEquals": ["ValueError"], "IntervalSeconds": 1, "MaxAttempts": 1, "BackoffRate": 1}],
            "Catch": [{"ErrorEquals": ["ValueError"], "Next": "Undo", "ResultPath": "$.error"}],
            "End": True,
        }
        execution = self._run("retry", {"Do": fail, "Undo": {"Type": "Pass", "End": True}}, "Do", {"kept": 1})
        ended = self._ended(execution)
        output = json.loads(ended["output"])
        self.assertEqual((ended["status"], output["kept"], output["error"]["Error"]), ("SUCCEEDED", 1, "ValueError"))
        self.assertEqual(len(self._events(execution, "TaskScheduled")), 2)

    def test_jsonata_computes_and_chooses(self) -> None:
        states = {
            "Add": {
                "Type": "Pass",
                "Output": "{% {'total': $sum($states.input.amounts), 'at': $toMillis('2026-01-31T00:00:00Z')} %}",
                "Next": "Choose",
            },
            "Choose": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% $states.input.total > 10 %}", "Next": "Call"}],
                "Default": "Small",
            },
            "Call": {
                "Type": "Task",
                "Resource": _INVOKE,
                "Arguments": {"FunctionName": "check-echo", "Payload": "{% $states.input %}"},
                "Output": "{% $states.result.Payload.event.total %}",
                "End": True,
            },
            "Small": {"Type": "Fail"},
        }
        ended = self._ended(self._run("jsonata", states, "Add", {"amounts": [5, 7]}, QueryLanguage="JSONata"))
        self.assertEqual((ended["status"], ended.get("output")), ("SUCCEEDED", "12"), ended.get("cause"))

    def test_a_machine_may_only_call_what_its_role_allows(self) -> None:
        step = {"Type": "Task", "Resource": _INVOKE, "Parameters": {"FunctionName": "check-slow", "Payload": {"seconds": 0}}, "End": True}
        self.assertEqual(self._ended(self._run("denied", {"Call": step}, "Call", {}))["status"], "FAILED")

    def test_a_wait_lasts_until_the_time_that_it_is_given(self) -> None:
        states = {"Wait": {"Type": "Wait", "Seconds": "{% $states.input.seconds %}", "End": True}}
        ended = self._ended(self._run("wait", states, "Wait", {"seconds": 1}, QueryLanguage="JSONata"))
        self.assertEqual(ended["status"], "SUCCEEDED")
        self.assertGreaterEqual((ended["stopDate"] - ended["startDate"]).total_seconds(), 0.9)
