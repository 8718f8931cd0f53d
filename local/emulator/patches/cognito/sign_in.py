"""The trigger before a sign-in.

https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-authentication.html: it is called when
somebody wants in and before the password is looked at, not for a refresh; for somebody unknown only if the client hides
who exists. By SRP it is called at the beginning: that call is the one whose ClientMetadata it hears.
"""

from collections.abc import Callable
from contextvars import ContextVar
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs

import ministack.services.cognito as cognito
from ministack.core.concurrency import run_reentrant

from . import triggers
from .triggers import Answer, Failed, Pool, User

_BY_PASSWORD = ("USER_PASSWORD_AUTH", "ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH")
_page_client: ContextVar[str] = ContextVar("client for which the hosted page is shown")

Handler = Callable[[dict[str, Any]], Answer]


def apply() -> None:
    """Puts the patches on."""
    cognito._initiate_auth = _asking_first(cognito._initiate_auth)
    cognito._admin_initiate_auth = _asking_first(cognito._admin_initiate_auth)
    _on_the_page()


def _asking_first(original: Handler) -> Handler:
    def initiate_auth(data: dict[str, Any]) -> Answer:
        pool, parameters = cognito._pool_for_client(data.get("ClientId"))[0], data.get("AuthParameters") or {}
        if pool and _begins_sign_in(pool, data, parameters):
            _ask(pool, data["ClientId"], parameters["USERNAME"], triggers.client_metadata())
        return original(data)

    return initiate_auth


def _begins_sign_in(pool: Pool, data: dict[str, Any], parameters: dict[str, str]) -> bool:
    if not parameters.get("USERNAME"):
        return False
    if data.get("AuthFlow") == "USER_SRP_AUTH":
        flows = pool["_clients"][data["ClientId"]].get("ExplicitAuthFlows") or []
        return bool(parameters.get("SRP_A")) and (not flows or "ALLOW_USER_SRP_AUTH" in flows)
    return data.get("AuthFlow") in _BY_PASSWORD


def _ask(pool: Pool, client: str, username: str, metadata: dict[str, str]) -> None:
    user, _ = cognito._resolve_user(pool, username)
    hides = cognito._hides_user_existence(pool, client)
    if (user is None and not hides) or (user and not user.get("Enabled", True)):
        # Refused without being asked about.
        return
    request: dict[str, Any] = {
        "userAttributes": triggers.attributes(user) if user else {},
        "validationData": metadata,
    }
    if hides:
        request["userNotFound"] = user is None
    name = user["Username"] if user else username
    triggers.call(pool, "PreAuthentication", "PreAuthentication_Authentication", name, request, client=client)


def _on_the_page() -> None:
    authenticate, submit = cognito._authenticate_hosted_ui_user, cognito.handle_login_submit

    def handle_login_submit(method: str, path: str, headers: Any, body: bytes, query: Any) -> Answer:
        form = {name: values[0] for name, values in parse_qs((body or b"").decode("utf-8", "replace")).items()}
        begun = cognito._pending_user_auth.get(form.get("ua_token", "")) or {}
        _page_client.set(begun.get("client_id") or form.get("client_id", ""))
        return submit(method, path, headers, body, query)

    def authenticate_hosted_ui_user(pool: Pool, username: str, password: str) -> tuple[User | None, str]:
        try:
            _ask(pool, _page_client.get(""), username, {})
        except Failed as failure:
            return None, str(failure)
        return authenticate(pool, username, password)

    cognito.handle_login_submit = handle_login_submit
    cognito._authenticate_hosted_ui_user = authenticate_hosted_ui_user


def apply_to_pages(application: ModuleType) -> None:
    """Puts the patch on that gives the page's form a thread: what its trigger calls is served by the loop meanwhile."""
    original = application._handle_cognito_body_request

    async def handle(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        if method == "POST" and path in ("/login", "/oauth2/login"):
            return await run_reentrant(cognito.handle_login_submit, method, path, headers, body, query)
        return await original(method, path, headers, body, query)

    application._handle_cognito_body_request = handle
