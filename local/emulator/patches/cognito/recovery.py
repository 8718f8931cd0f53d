"""Forgotten passwords and lost codes: who gets one, who is only told so, and the trigger at the end.

https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-managing-errors.html
"""

from collections.abc import Callable
from typing import Any

import ministack.services.cognito as cognito

from . import names, sign_up
from .triggers import Answer, Pool, User

Handler = Callable[[dict[str, Any]], Answer]


def apply() -> None:
    """Puts the patches on."""
    cognito._forgot_password = _unless(cognito._forgot_password, _no_reset)
    cognito._resend_confirmation_code = _unless(cognito._resend_confirmation_code, _no_confirmation)
    _check_codes()
    _confirm()


def _unless(original: Handler, refusal: Callable[[Pool, str, User], Answer | None]) -> Handler:
    def handler(data: dict[str, Any]) -> Answer:
        pool, user = _whom(data)
        return (refusal(pool, data["ClientId"], user) if pool and user else None) or original(data)

    return handler


def _whom(data: dict[str, Any]) -> tuple[Pool | None, User | None]:
    pool = cognito._pool_for_client(data.get("ClientId"))[0]
    return pool, cognito._resolve_user(pool, data.get("Username"))[0] if pool else None


def _no_reset(pool: Pool, client: str, user: User) -> Answer | None:
    known = cognito._attr_list_to_dict(user.get("Attributes", []))
    if user.get("UserStatus") == "FORCE_CHANGE_PASSWORD":
        return _refused("NotAuthorizedException", "User password cannot be reset in the current state.")
    if not user.get("Enabled", True):
        return _hidden(pool, client, known) or _refused("NotAuthorizedException", "User is disabled.")
    if known.get("email_verified") != "true":
        reason = "Cannot reset password for the user as there is no registered/verified email or phone_number"
        return _hidden(pool, client, known) or _refused("InvalidParameterException", reason)
    return None


def _no_confirmation(pool: Pool, client: str, user: User) -> Answer | None:
    if not user.get("Enabled", True):
        known = cognito._attr_list_to_dict(user.get("Attributes", []))
        return _hidden(pool, client, known) or _refused("NotAuthorizedException", "User is disabled.")
    if user.get("UserStatus") != "UNCONFIRMED":
        return _refused("InvalidParameterException", "User is already confirmed.")
    return None


def _hidden(pool: Pool, client: str, known: dict[str, str]) -> Answer | None:
    """What a stranger is told: that a code was sent."""
    if not cognito._hides_user_existence(pool, client):
        return None
    return cognito._code_delivery_response(cognito._masked_destination(known.get("email", "")))


def _refused(code: str, message: str) -> Answer:
    return cognito.error_response_json(code, message, 400)


def _check_codes() -> None:
    original = cognito._confirmation_code_error

    def confirmation_code_error(action: str, data: dict[str, Any]) -> Answer | None:
        if action == "ConfirmForgotPassword":
            pool, user = _whom(data)
            if pool and user and not user.get("Enabled", True):
                # As a stranger is answered, whatever the code.
                return _refused("CodeMismatchException", "Invalid verification code provided, please try again.")
        return original(action, data)

    cognito._confirmation_code_error = confirmation_code_error


def _confirm() -> None:
    original = cognito._confirm_forgot_password

    def confirm_forgot_password(data: dict[str, Any]) -> Answer:
        pool, user = _whom(data)
        with names.alone(pool, data.get("Username")):
            # Looked at once more: a code works for one of two that bring it at once.
            answer = cognito._confirmation_code_error("ConfirmForgotPassword", data) or original(data)
        if answer[0] == 200 and pool and user:
            sign_up.after_reset(pool, user)
        return answer

    cognito._confirm_forgot_password = confirm_forgot_password
