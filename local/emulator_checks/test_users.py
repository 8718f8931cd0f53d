"""The user pool and its triggers."""

import base64
import json
import unittest
from typing import Any

from .world import World, shared

PASSWORD = "Correct-horse-1"


def sign_up(world: World, email: str, client: str = "Client", role: str = "student") -> None:
    """An account that is not confirmed yet."""
    world.client("cognito-idp").sign_up(
        ClientId=world.outputs[client],
        Username=email,
        Password=PASSWORD,
        UserAttributes=[{"Name": "email", "Value": email}, {"Name": "custom:role", "Value": role}],
    )


def tokens(world: World, email: str, client: str = "Client") -> dict[str, Any]:
    """The tokens of an account, which is made if need be."""
    cognito = world.client("cognito-idp")
    try:
        sign_up(world, email, client)
        cognito.confirm_sign_up(ClientId=world.outputs[client], Username=email, ConfirmationCode="123456")
    except cognito.exceptions.UsernameExistsException:
        pass
    return cognito.initiate_auth(
        ClientId=world.outputs[client],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": email, "PASSWORD": PASSWORD},
    )["AuthenticationResult"]


def claims(token: str) -> dict[str, Any]:
    """What a token says."""
    middle = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))


class Users(unittest.TestCase):
    def test_the_trigger_before_sign_up_can_refuse(self) -> None:
        cognito = shared().client("cognito-idp")
        with self.assertRaises(cognito.exceptions.UserLambdaValidationException):
            sign_up(shared(), "boss@example.com", role="admin")

    def test_a_wrong_code_does_not_confirm(self) -> None:
        world = shared()
        cognito = world.client("cognito-idp")
        sign_up(world, "guess@example.com")
        with self.assertRaises(cognito.exceptions.CodeMismatchException):
            cognito.confirm_sign_up(
                ClientId=world.outputs["Client"], Username="guess@example.com", ConfirmationCode="000000"
            )

    def test_the_trigger_after_confirmation_runs_and_may_call_back(self) -> None:
        world = shared()
        tokens(world, "after@example.com")
        user = world.client("cognito-idp").admin_get_user(UserPoolId=world.outputs["Pool"], Username="after@example.com")
        attributes = {each["Name"]: each["Value"] for each in user["UserAttributes"]}
        self.assertEqual(attributes["custom:user_id"], "ours-after@example.com")

    def test_the_trigger_before_a_token_writes_into_the_access_token(self) -> None:
        made = tokens(shared(), "token@example.com")
        access, identity = claims(made["AccessToken"]), claims(made["IdToken"])
        self.assertEqual((access["user_id"], access["role"]), ("ours-token@example.com", "student"))
        self.assertEqual(access["token_use"], "access")
        self.assertNotIn("role", identity)

    def test_a_refreshed_access_token_has_the_claims_too(self) -> None:
        world = shared()
        refreshed = world.client("cognito-idp").initiate_auth(
            ClientId=world.outputs["Client"],
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": tokens(world, "again@example.com")["RefreshToken"]},
        )["AuthenticationResult"]
        self.assertEqual(claims(refreshed["AccessToken"])["user_id"], "ours-again@example.com")
