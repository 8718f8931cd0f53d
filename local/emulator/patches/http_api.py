"""HTTP APIs: their CORS settings from templates, and routes that want a signature."""

from types import ModuleType
from typing import Any

import ministack.services.cloudformation.provisioners as provisioners


def apply() -> None:
    """Puts the patch on."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::ApiGatewayV2::Api"]
    create, update = handlers["create"], handlers["update"]

    def create_api(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
        return create(logical_id, _as_the_api_does(props), stack_name)

    def update_api(
        physical_id: str, old: dict[str, Any], new: dict[str, Any], stack_name: str, logical_id: str | None = None
    ) -> Any:
        return update(physical_id, _as_the_api_does(old), _as_the_api_does(new), stack_name, logical_id)

    handlers["create"], handlers["update"] = create_api, update_api


def _as_the_api_does(props: dict[str, Any]) -> dict[str, Any]:
    # CloudFormation writes AllowOrigins, the API itself allowOrigins; MiniStack stores the former and reads the
    # latter, so that no preflight is answered.
    cors = props.get("CorsConfiguration")
    if not cors:
        return props
    return {**props, "CorsConfiguration": {key[0].lower() + key[1:]: value for key, value in cors.items()}}


def apply_to_gateway(application: ModuleType) -> None:
    """Puts the patch on that decides who gets through to a route."""
    original = application._enforce_execute_api

    def enforce(
        api_id: str, stage: str, method: str, path: str, headers: dict[str, str], query: Any, **more: Any
    ) -> Any:
        # MiniStack takes a call to an AWS_IAM route whose Authorization is something else (a user's token, say) for
        # one of root's. AWS takes nothing there but a signature.
        wants_signature = application._execute_api_authorization_type(api_id, stage, method, path) == "AWS_IAM"
        if wants_signature and not application.extract_access_key_id(headers, query):
            return 403, {"Content-Type": "application/json"}, b'{"message":"Forbidden"}'
        return original(api_id, stage, method, path, headers, query, **more)

    application._enforce_execute_api = enforce
