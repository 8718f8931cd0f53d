"""Accounts of the checks' user pool: made, confirmed, signed in through each of its doors."""

import base64
import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from . import srp
from .template_users import CALLBACK
from .world import World, until

PASSWORD = "Correct-horse-1"
# The emulator's, always; on AWS they are random.
SIGN_UP_CODE = "123456"
RESET_CODE = "654321"
# RFC 7636, appendix B.
_VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
_CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def sign_up(
    world: World, email: str, client: str = "Client", role: str = "student", metadata: dict[str, str] | None = None
) -> dict[str, Any]:
    """An account that is not confirmed yet."""
    return world.client("cognito-idp").sign_up(
        ClientId=world.outputs[client],
        Username=email,
        Password=PASSWORD,
        UserAttributes=[{"Name": "email", "Value": email}, {"Name": "custom:role", "Value": role}],
        ClientMetadata=metadata or {},
    )


def confirm(world: World, email: str, client: str = "Client") -> None:
    """Gives the emailed code back."""
    world.client("cognito-idp").confirm_sign_up(
        ClientId=world.outputs[client], Username=email, ConfirmationCode=SIGN_UP_CODE
    )


def member(world: World, email: str, client: str = "Client") -> None:
    """A confirmed account."""
    sign_up(world, email, client)
    confirm(world, email, client)


def sign_in(
    world: World, email: str, password: str = PASSWORD, client: str = "Client", metadata: dict[str, str] | None = None
) -> dict[str, Any]:
    """Tokens for a password."""
    return world.client("cognito-idp").initiate_auth(
        ClientId=world.outputs[client],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": email, "PASSWORD": password},
        ClientMetadata=metadata or {},
    )["AuthenticationResult"]


def tokens(world: World, email: str, client: str = "Client") -> dict[str, Any]:
    """The tokens of an account, which is made if need be."""
    try:
        member(world, email, client)
    except world.client("cognito-idp").exceptions.UsernameExistsException:
        pass
    return sign_in(world, email, client=client)


def refresh(world: World, refresh_token: str, client: str = "Client") -> dict[str, Any]:
    """New tokens for a refresh token."""
    return world.client("cognito-idp").initiate_auth(
        ClientId=world.outputs[client],
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": refresh_token},
    )["AuthenticationResult"]


def sign_in_by_srp(world: World, email: str, password: str = PASSWORD, client: str = "Client") -> dict[str, Any]:
    """Tokens for the proof of a password, which itself does not travel."""
    cognito, began = world.client("cognito-idp"), srp.Attempt(world.outputs["Pool"], password)
    asked = cognito.initiate_auth(
        ClientId=world.outputs[client],
        AuthFlow="USER_SRP_AUTH",
        AuthParameters={"USERNAME": email, "SRP_A": began.public},
    )
    return cognito.respond_to_auth_challenge(
        ClientId=world.outputs[client],
        ChallengeName=asked["ChallengeName"],
        ChallengeResponses=began.answer(asked["ChallengeParameters"]),
    )["AuthenticationResult"]


def submit_page(world: World, email: str, password: str = PASSWORD) -> tuple[str, str]:
    """Fills the hosted page's form: the code that leads back to the client, or else the page that is shown."""
    form = {
        **{"username": email, "password": password, "client_id": world.outputs["PageClient"]},
        **{"redirect_uri": CALLBACK, "response_type": "code", "scope": "openid email"},
        **{"code_challenge": _CHALLENGE, "code_challenge_method": "S256"},
    }
    try:
        with _NO_REDIRECT.open(_post(world, "/login", form), timeout=30) as answer:
            return "", answer.read().decode()
    except urllib.error.HTTPError as error:
        location = urllib.parse.urlparse(error.headers.get("Location", ""))
        return urllib.parse.parse_qs(location.query).get("code", [""])[0], error.read().decode()


def exchange(world: World, **form: str) -> tuple[int, dict[str, Any]]:
    """A call of the token endpoint: status and answer."""
    form = {"client_id": world.outputs["PageClient"], "redirect_uri": CALLBACK, "code_verifier": _VERIFIER, **form}
    try:
        with _NO_REDIRECT.open(_post(world, "/oauth2/token", form), timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def sign_in_on_page(world: World, email: str) -> dict[str, Any]:
    """Tokens by way of the hosted page."""
    code, _ = submit_page(world, email)
    return exchange(world, grant_type="authorization_code", code=code)[1]


def claims(token: str) -> dict[str, Any]:
    """What a token says."""
    middle = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))


def attributes(world: World, email: str) -> dict[str, str]:
    """What the pool holds on somebody."""
    user = world.client("cognito-idp").admin_get_user(UserPoolId=world.outputs["Pool"], Username=email)
    return {each["Name"]: each["Value"] for each in user["UserAttributes"]}


def event_of(world: World, source: str, email: str) -> dict[str, Any] | None:
    """The last event with which a trigger was called for an email; None if it never was."""
    name = f"/taken/{source}/{email.replace('@', '-at-')}"
    found = world.client("ssm").get_parameters(Names=[name])["Parameters"]
    return json.loads(found[0]["Value"]) if found else None


def mail_to(world: World, email: str) -> list[dict[str, Any]]:
    """The mails to somebody, the oldest first."""
    with urllib.request.urlopen(f"{world.settings.emulator_url}/_ministack/ses/messages", timeout=10) as answer:
        everything = json.loads(answer.read())["messages"]
    return [mail for mails in everything.values() for mail in mails if email in mail["To"]]


def wait_for_mail(world: World, email: str, count: int = 1) -> dict[str, Any]:
    """The newest mail to somebody, when there are that many."""
    return until(lambda: (mails := mail_to(world, email)) and len(mails) >= count and mails)[-1]


def _post(world: World, path: str, form: dict[str, str]) -> urllib.request.Request:
    return urllib.request.Request(
        world.settings.emulator_url + path, method="POST", data=urllib.parse.urlencode(form).encode()
    )


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_NO_REDIRECT = urllib.request.build_opener(_Stay)
