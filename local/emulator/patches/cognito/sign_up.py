"""Sign-up and confirmation: their triggers, and one account for an email, whoever else asks for it at that moment."""

import json
import threading
from contextvars import ContextVar
from typing import Any

import ministack.services.cognito as cognito

from . import names, triggers
from .triggers import Answer, Failed, Pool, User

_locked: ContextVar[list[threading.Lock]] = ContextVar("names that the sign-up at work keeps to itself")


class _Taken(Exception):
    """Somebody else was quicker."""


def apply() -> None:
    """Puts the patches on."""
    cognito._apply_presignup_trigger = _before_sign_up
    _sign_up()
    _admin_create()
    _confirm()


def _before_sign_up(
    pool_id: str,
    client: str,
    username: str,
    attributes: dict[str, str],
    trigger_source: str = "PreSignUp_ExternalProvider",
) -> dict[str, bool]:
    """In the place of MiniStack's, which leaves out what the caller adds, and AWS's words for a refusal.

    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-sign-up.html
    """
    pool = cognito._user_pools.get(pool_id)
    flags = {"autoConfirmUser": False, "autoVerifyEmail": False, "autoVerifyPhone": False}
    if pool is None:
        return flags
    request = {"userAttributes": attributes, "validationData": triggers.validation_data()}
    request = triggers.with_metadata(request)
    try:
        said = triggers.call(pool, "PreSignUp", trigger_source, username, request, dict(flags), client)
    except Failed as failure:
        raise cognito._PreSignUpRejected(str(failure)) from failure
    _keep_name(pool, attributes)
    return {flag: bool(said.get(flag)) for flag in flags}


def _keep_name(pool: Pool, attributes: dict[str, str]) -> None:
    # The trigger takes its time, in which another sign-up may have got the name: AWS gives it to one of them.
    held, name = _locked.get(None), attributes.get("email")
    if held is None or not name:
        return
    lock = names.lock(pool, name)
    lock.acquire()
    held.append(lock)
    if "email" in pool.get("UsernameAttributes", []) and cognito._resolve_user(pool, name)[0]:
        raise _Taken


def _sign_up() -> None:
    original = cognito._sign_up

    def sign_up(data: dict[str, Any]) -> Answer:
        token = _locked.set([])
        try:
            status, headers, body = original(data)
        except _Taken:
            return cognito.error_response_json("UsernameExistsException", "User already exists.", 400)
        finally:
            for lock in _locked.get():
                lock.release()
            _locked.reset(token)
        said = json.loads(body)
        sent = said.get("CodeDeliveryDetails")
        if status == 200 and sent:
            # Told masked, as by every other operation.
            sent["Destination"] = cognito._masked_destination(sent["Destination"])
            body = json.dumps(said).encode()
        if status == 200 and said["UserConfirmed"]:
            pool = cognito._pool_for_client(data.get("ClientId"))[0]
            _after_confirmation(pool, cognito._resolve_user(pool, said["UserSub"])[0])
        return status, headers, body

    cognito._sign_up = sign_up


def _admin_create() -> None:
    original = cognito._admin_create_user

    def admin_create(data: dict[str, Any]) -> Answer:
        pool, name = cognito._user_pools.get(data.get("UserPoolId")), data.get("Username")
        with names.alone(pool, name):
            if pool and data.get("MessageAction") != "RESEND" and not cognito._resolve_user(pool, name)[0]:
                given = cognito._attr_list_to_dict(data.get("UserAttributes") or [])
                alias = cognito._username_alias_attribute(pool, str(name))
                request = {"userAttributes": {alias: name, **given} if alias else given, "validationData": {}}
                source = "PreSignUp_AdminCreateUser"
                # Here AWS has made the name up already where an email stands for it; MiniStack does so afterwards.
                triggers.call(pool, "PreSignUp", source, str(name), triggers.with_metadata(request), {})
            return original(data)

    cognito._admin_create_user = admin_create


def _confirm() -> None:
    by_code, by_admin = cognito._confirm_sign_up, cognito._admin_confirm_sign_up

    def confirm_sign_up(data: dict[str, Any]) -> Answer:
        pool = cognito._pool_for_client(data.get("ClientId"))[0]
        with names.alone(pool, data.get("Username")):
            # Looked at once more: of two that bring the right code at once, one is the first.
            answer = cognito._confirmation_code_error("ConfirmSignUp", data) or by_code(data)
            user = cognito._resolve_user(pool, data.get("Username"))[0] if answer[0] == 200 and pool else None
            if user:
                _verify(pool, user)
        return _and_then(answer, pool, user)

    def admin_confirm_sign_up(data: dict[str, Any]) -> Answer:
        answer, pool = by_admin(data), cognito._user_pools.get(data.get("UserPoolId", ""))
        user = cognito._resolve_user(pool, data.get("Username"))[0] if answer[0] == 200 and pool else None
        return _and_then(answer, pool, user)

    cognito._confirm_sign_up = confirm_sign_up
    cognito._admin_confirm_sign_up = admin_confirm_sign_up


def _verify(pool: Pool, user: User) -> None:
    # The code went to the email, and came back.
    if "email" in pool.get("AutoVerifiedAttributes", []):
        verified = [{"Name": "email_verified", "Value": "true"}]
        user["Attributes"] = cognito._merge_attributes(user.get("Attributes", []), verified)


def _and_then(answer: Answer, pool: Pool | None, user: User | None) -> Answer:
    # As on AWS: the account is confirmed whatever the trigger says, and the caller hears of its failure.
    if pool and user:
        _after_confirmation(pool, user)
    return answer


def _after_confirmation(pool: Pool, user: User, source: str = "PostConfirmation_ConfirmSignUp") -> None:
    # https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-post-confirmation.html
    request = triggers.with_metadata({"userAttributes": triggers.attributes(user)})
    triggers.call(pool, "PostConfirmation", source, user["Username"], request)


def after_reset(pool: Pool, user: User) -> None:
    """Calls the trigger after a forgotten password was replaced."""
    _after_confirmation(pool, user, "PostConfirmation_ConfirmForgotPassword")
