"""How a user pool calls its functions, what it tells them, and what it says when one fails.

https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import ministack.services.cognito as cognito
import ministack.services.lambda_svc as functions

Answer = tuple[int, dict[str, str], bytes]
Pool = dict[str, Any]
User = dict[str, Any]

_action: ContextVar[str] = ContextVar("operation at work", default="")
_data: ContextVar[dict[str, Any]] = ContextVar("what the operation was asked", default={})


class Failed(Exception):
    """A trigger failed; the words are those in which AWS tells the caller."""

    def __init__(self, trigger: str, message: str) -> None:
        super().__init__(f"{trigger} failed with error {message}.")


def apply() -> None:
    """Puts the patch on: an operation is known to the triggers within it, and fails if one of them does."""
    original = cognito._run_idp_handler

    def run(handler: Callable[[dict[str, Any]], Answer], action: str, data: dict[str, Any]) -> Answer:
        _action.set(action)
        _data.set(data)
        try:
            return original(handler, action, data)
        except Failed as failure:
            return cognito.error_response_json("UserLambdaValidationException", str(failure), 400)
        except cognito._CustomMessageInvalid as invalid:
            return cognito._custom_message_error(invalid)

    cognito._run_idp_handler = run


def action() -> str:
    """The API's operation at work; empty on the hosted page."""
    return _action.get()


def client_metadata() -> dict[str, str]:
    """What the caller of the operation wants the triggers to know."""
    return dict(_data.get().get("ClientMetadata") or {})


def validation_data() -> dict[str, str]:
    """What the caller of a sign-up wants the trigger before it to check."""
    return cognito._attr_list_to_dict(_data.get().get("ValidationData") or [])


def with_metadata(request: dict[str, Any]) -> dict[str, Any]:
    """The part `request` of an event; AWS leaves `clientMetadata` out when the caller gave none."""
    metadata = client_metadata()
    return {**request, "clientMetadata": metadata} if metadata else request


def client_id() -> str:
    """The client that the operation names; an admin's operation names none."""
    return _data.get().get("ClientId") or "CLIENT_ID_NOT_APPLICABLE"


def attributes(user: User) -> dict[str, str]:
    """A user's attributes, as every trigger gets them."""
    status = {"cognito:user_status": user.get("UserStatus", "")}
    return {**cognito._attr_list_to_dict(user.get("Attributes", [])), **status}


def call(
    pool: Pool,
    trigger: str,
    source: str,
    user_name: str,
    request: dict[str, Any],
    response: dict[str, Any] | None = None,
    client: str | None = None,
) -> dict[str, Any]:
    """What a trigger answers in `response`; nothing if the pool has no such trigger. `Failed` if it fails."""
    arn = (pool.get("LambdaConfig") or {}).get(trigger)
    if not arn:
        return {}
    event = {
        "version": "1",
        "triggerSource": source,
        "region": cognito._pool_region(pool["Id"]),
        "userPoolId": pool["Id"],
        "userName": user_name,
        "callerContext": {
            "awsSdkVersion": "aws-sdk-unknown-unknown",
            "clientId": client_id() if client is None else client,
        },
        "request": request,
        "response": response or {},
    }
    record, config, _ = functions._get_func_record_for_ref(arn)
    if not record:
        raise Failed(trigger, f"the function {arn} does not exist")
    record = functions._execution_record_for_config(record, config)
    result = functions._execute_function_with_config_scope(record, event)
    if result.get("error"):
        raise Failed(trigger, message_of(result.get("body")))
    return cognito._extract_trigger_response(result.get("body")) or {}


def message_of(body: Any) -> str:
    """The words of a function's error."""
    return str(body.get("errorMessage") or body) if isinstance(body, dict) else str(body)
