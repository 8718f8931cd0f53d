"""Step Functions: the machine's role counts, and a step that waits for a token notices that its call failed."""

from contextvars import ContextVar
from typing import Any

import ministack.core.iam_evaluator as iam
import ministack.services.stepfunctions as machines
from ministack.core.responses import get_account_id, get_region

_role: ContextVar[str] = ContextVar("role of the execution at work")
_token: ContextVar[str] = ContextVar("token that the call hands out")


def apply() -> None:
    """Puts the patches on."""
    execute, call, call_and_wait = machines._execute_task, machines._call_lambda, machines._invoke_with_callback

    def execute_task(state: Any, value: Any, execution: Any, context: Any) -> Any:
        machine = machines._state_machines.get(execution["stateMachineArn"]) or {}
        before = _role.set(machine.get("roleArn", ""))
        try:
            return execute(_with_timeout(state, value, context), value, execution, context)
        finally:
            _role.reset(before)

    def invoke_with_callback(resource: Any, value: Any, token: str, state: Any) -> Any:
        before = _token.set(token)
        try:
            return call_and_wait(resource, value, token, state)
        finally:
            _token.reset(before)

    def call_function(reference: str, event: Any) -> Any:
        try:
            _check_role(reference)
            return call(reference, event)
        except machines._ExecutionError as error:
            _fail_waiting_step(error)
            raise

    machines._execute_task = execute_task
    machines._invoke_with_callback = invoke_with_callback
    machines._call_lambda = call_function


def _with_timeout(state: Any, value: Any, context: Any) -> Any:
    """MiniStack takes TimeoutSeconds as it stands; in a JSONata machine it may be an expression."""
    if not isinstance(state.get("TimeoutSeconds"), str):
        return state
    seconds = machines._jsonata_state_field(state, "TimeoutSeconds", "number", value, context)
    return {**state, "TimeoutSeconds": seconds}


def _check_role(reference: str) -> None:
    """MiniStack lets every machine call every function; on AWS its role has to allow it."""
    role = _role.get("")
    arn = reference
    if not arn.startswith("arn:"):
        arn = f"arn:aws:lambda:{get_region()}:{get_account_id()}:function:{reference.rpartition('function:')[2]}"
    request = iam.EvalContext(
        principal_arn=role,
        principal_type="AssumedRole",
        principal_account=get_account_id(),
        action="lambda:InvokeFunction",
        resource_arn=arn,
        region=get_region(),
    )
    policies = iam._gather_role_policies(role.rpartition("/")[2], get_account_id())
    if iam.evaluate(request, policies).decision != "Allow":
        cause = f"{role} is not authorized to perform: lambda:InvokeFunction on resource: {arn}"
        raise machines._ExecutionError("Lambda.AWSLambdaException", cause)


def _fail_waiting_step(error: Any) -> None:
    """MiniStack ignores a failed call in a step that waits for a token, and waits; AWS fails the step at once."""
    waiting = machines._task_tokens.get(_token.get("")) if _token.get("") else None
    if waiting and not waiting["event"].is_set():
        waiting["error"] = {"Error": error.error, "Cause": error.cause}
        waiting["event"].set()
