"""Tokens: that their trigger may refuse them, and that a refresh knows whom and since when it is for."""

import ast
import json
from contextvars import ContextVar
from typing import Any
from urllib.parse import parse_qs

import ministack.services.cognito as cognito

from . import triggers
from .triggers import Answer, Failed

_signed_in_at: ContextVar[int | None] = ContextVar("when the session at work began", default=None)


def apply() -> None:
    """Puts the patches on."""
    _let_the_trigger_refuse()
    _know_the_person()
    _remember_the_moment()
    _at_the_endpoint()
    _revoke_only_ones_own()


def _let_the_trigger_refuse() -> None:
    # MiniStack answers 500 then (with MINISTACK_COGNITO_PRETOKEN_STRICT, else it makes a token without our claims).
    original = cognito._apply_pretoken_trigger

    def apply_pretoken_trigger(**arguments: Any) -> dict[str, Any]:
        try:
            return original(**arguments)
        except RuntimeError as error:
            raise Failed("PreTokenGeneration", _words(str(error))) from error

    cognito._apply_pretoken_trigger = apply_pretoken_trigger


def _words(text: str) -> str:
    # MiniStack has written the function's error down as Python does.
    said = text.removeprefix("PreTokenGeneration error: ")
    try:
        return triggers.message_of(ast.literal_eval(said))
    except (SyntaxError, ValueError):
        return said


def _know_the_person() -> None:
    # When the hosted page's tokens are refreshed, MiniStack tells the trigger neither attributes nor groups.
    original = cognito._fake_token

    def make_token(sub: str, pool_id: str, client: str, token_type: str = "access", **more: Any) -> str:
        user = ((cognito._user_pools.get(pool_id) or {}).get("_users") or {}).get(more.get("username", ""))
        if user:
            more["user_attrs"] = more.get("user_attrs") or cognito._attr_list_to_dict(user.get("Attributes", []))
            more["groups"] = more.get("groups") or user.get("_groups", [])
        return original(sub, pool_id, client, token_type, **more)

    cognito._fake_token = make_token


def _remember_the_moment() -> None:
    # auth_time is when the person signed in, and not when the token was refreshed.
    sign, refresh = cognito._signed_jwt, cognito._refresh_auth_result

    def signed_jwt(claims: dict[str, Any], *more: Any) -> str:
        moment = _signed_in_at.get()
        return sign({**claims, "auth_time": moment} if moment and "auth_time" in claims else claims, *more)

    def refresh_auth_result(pool: Any, pool_id: str, client: str, refresh_token: str) -> Any:
        _signed_in_at.set(cognito._token_claims(refresh_token).get("iat"))
        return refresh(pool, pool_id, client, refresh_token)

    cognito._signed_jwt = signed_jwt
    cognito._refresh_auth_result = refresh_auth_result


def _at_the_endpoint() -> None:
    original = cognito._oauth2_token

    def oauth2_token(data: Any, query: Any, raw_body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
        form = parse_qs(raw_body.decode("utf-8", "replace"))
        _signed_in_at.set(cognito._token_claims(form.get("refresh_token", [""])[0]).get("iat"))
        try:
            return original(data, query, raw_body, headers)
        except Failed as failure:
            said = {"error": "invalid_request", "error_description": str(failure)}
            return 400, {"Content-Type": "application/json"}, json.dumps(said).encode()

    cognito._oauth2_token = oauth2_token


def _revoke_only_ones_own() -> None:
    original = cognito._revoke_token

    def revoke_token(data: dict[str, Any]) -> Answer:
        claims = cognito._token_claims(data.get("Token", ""))
        if claims.get("token_use", "refresh") != "refresh":
            return cognito.error_response_json("UnsupportedTokenTypeException", "Unsupported token type", 400)
        if claims and claims.get("client_id") != data.get("ClientId"):
            return cognito.error_response_json("UnauthorizedException", "Invalid client for the token.", 400)
        return original(data)

    cognito._revoke_token = revoke_token
