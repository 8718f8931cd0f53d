"""Attributes: who may write which, and that they are the pool's. MiniStack takes whatever it is given."""

from collections.abc import Callable
from typing import Any

import ministack.services.cognito as cognito

from .triggers import Answer, Pool

Handler = Callable[[dict[str, Any]], Answer]


def apply() -> None:
    """Puts the patches on."""
    cognito._sign_up = _checked(cognito._sign_up, _of_client, new=True)
    cognito._admin_create_user = _checked(cognito._admin_create_user, _of_pool, new=True)
    cognito._update_user_attributes = _checked(cognito._update_user_attributes, _of_token)
    cognito._admin_update_user_attributes = _checked(cognito._admin_update_user_attributes, _of_pool)


def _of_client(data: dict[str, Any]) -> tuple[Pool | None, str]:
    client = data.get("ClientId") or ""
    return cognito._pool_for_client(client)[0], client


def _of_token(data: dict[str, Any]) -> tuple[Pool | None, str]:
    token = data.get("AccessToken") or ""
    return cognito._user_pool_for_access_token(token)[1], cognito._token_claims(token).get("client_id", "")


def _of_pool(data: dict[str, Any]) -> tuple[Pool | None, str]:
    # An admin is no client: what clients may write does not matter.
    return cognito._user_pools.get(data.get("UserPoolId")), ""


def _checked(
    original: Handler, where: Callable[[dict[str, Any]], tuple[Pool | None, str]], new: bool = False
) -> Handler:
    def handler(data: dict[str, Any]) -> Answer:
        pool, client = where(data)
        written = list(cognito._attr_list_to_dict(data.get("UserAttributes") or []))
        return (_refusal(pool, client, written, new) if pool else None) or original(data)

    return handler


def _refusal(pool: Pool, client: str, written: list[str], new: bool) -> Answer | None:
    schema = {each["Name"]: each for each in cognito._ensure_schema_attributes(pool)["SchemaAttributes"]}
    allowed = (pool["_clients"].get(client) or {}).get("WriteAttributes")
    for name in written:
        if name not in schema:
            message = f"Attributes did not conform to the schema: Type for attribute {{{name}}} could not be determined"
            return cognito.error_response_json("InvalidParameterException", message, 400)
        if allowed and name not in allowed:
            message = "A client attempted to write unauthorized attribute"
            return cognito.error_response_json("NotAuthorizedException", message, 400)
        if not new and not schema[name].get("Mutable", True):
            message = f"user.{name}: Attribute cannot be updated."
            return cognito.error_response_json("InvalidParameterException", message, 400)
    return None
