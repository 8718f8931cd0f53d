"""The words of the pool's mails, which the trigger CustomMessage may replace.

https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-custom-message.html. MiniStack calls it for
invitations only. The mails themselves are in SES's mailbox, and by SMTP in the inbox.
"""

from typing import Any

import ministack.services.cognito as cognito

from . import triggers
from .triggers import Pool

_SOURCES = {
    "SignUp": "CustomMessage_SignUp",
    "ResendConfirmationCode": "CustomMessage_ResendCode",
    "ForgotPassword": "CustomMessage_ForgotPassword",
    "AdminResetUserPassword": "CustomMessage_ForgotPassword",
}
_INVITATION = "CustomMessage_AdminCreateUser"
_CODE = "{####}"


def apply() -> None:
    """Puts the patches on."""
    cognito._send_verification_email = _send
    cognito._apply_custom_message_trigger = _invitation


def _send(pool: Pool, username: str, attributes: dict[str, str], code: str, attribute_name: str = "email") -> Any:
    email, user = (attributes or {}).get("email"), cognito._resolve_user(pool, username)[0]
    if not email or not user:
        return None
    # What the caller typed may be another of the account's names.
    username = user["Username"]
    ours = _words(pool, _SOURCES[triggers.action()], username, triggers.attributes(user), None)
    by_link = (pool.get("VerificationMessageTemplate") or {}).get("DefaultEmailOption") == "CONFIRM_WITH_LINK"
    subject, body = cognito._resolve_verification_template(pool, by_link=by_link)
    name = cognito._template_username(pool, username, attributes)
    return cognito._deliver_cognito_email(
        pool,
        email,
        cognito._expand_template(ours.get("emailSubject") or subject, name, code),
        cognito._expand_template(ours.get("emailMessage") or body, name, code),
        type_name="CognitoVerificationMessage",
        extra={"Username": username, "AttributeName": attribute_name},
    )


def _invitation(
    pool: Pool,
    source: str,
    username: str,
    attributes: dict[str, str],
    _metadata: Any = None,
    username_parameter: str = "{username}",
) -> dict[str, Any]:
    """In the place of MiniStack's, whose event says less. The account is made after it."""
    status = {"cognito:user_status": "FORCE_CHANGE_PASSWORD"}
    return _words(pool, source, username, {**attributes, **status}, username_parameter)


def _words(
    pool: Pool, source: str, username: str, attributes: dict[str, str], username_parameter: str | None
) -> dict[str, Any]:
    request = triggers.with_metadata(
        {
            "userAttributes": attributes,
            "codeParameter": _CODE,
            # Only an invitation has to name the account.
            "usernameParameter": username_parameter,
            "linkParameter": None if source == _INVITATION else "{##Click Here##}",
        }
    )
    response = {"smsMessage": None, "emailMessage": None, "emailSubject": None}
    said = triggers.call(pool, "CustomMessage", source, username, request, response)
    message, subject = said.get("emailMessage"), said.get("emailSubject")
    sender = (pool.get("EmailConfiguration") or {}).get("EmailSendingAccount", "COGNITO_DEFAULT")
    if (message or subject) and sender != "DEVELOPER":
        raise cognito._CustomMessageInvalid(
            "CustomMessage may only set emailMessage and emailSubject if the pool's EmailSendingAccount is DEVELOPER"
        )
    if message and _CODE not in message:
        raise cognito._CustomMessageInvalid(f"CustomMessage emailMessage must contain {_CODE}")
    return said
