"""Sign-up: its triggers, its code, and that an email has one account."""

import unittest

from .accounts import attributes, claims, confirm, event_of, member, refresh, sign_in, sign_up, tokens
from .world import at_once, shared


class SignUp(unittest.TestCase):
    def test_the_trigger_before_sign_up_can_refuse(self) -> None:
        cognito = shared().client("cognito-idp")
        with self.assertRaises(cognito.exceptions.UserLambdaValidationException) as refused:
            sign_up(shared(), "boss@example.com", role="admin")
        self.assertEqual(
            refused.exception.response["Error"]["Message"], "PreSignUp failed with error not a role to choose."
        )

    def test_the_trigger_before_sign_up_hears_what_the_client_adds(self) -> None:
        sign_up(shared(), "adds@example.com", metadata={"from": "app"})
        event = event_of(shared(), "PreSignUp_SignUp", "adds@example.com")
        assert event is not None
        self.assertEqual(event["request"]["clientMetadata"], {"from": "app"})

    def test_where_the_code_went_is_told_masked(self) -> None:
        sent = sign_up(shared(), "masked@example.com")["CodeDeliveryDetails"]
        self.assertRegex(sent["Destination"], r"^m\*+@e\*+$")
        self.assertEqual((sent["DeliveryMedium"], sent["AttributeName"]), ("EMAIL", "email"))

    def test_a_wrong_code_does_not_confirm(self) -> None:
        world = shared()
        cognito = world.client("cognito-idp")
        sign_up(world, "guess@example.com")
        with self.assertRaises(cognito.exceptions.CodeMismatchException):
            cognito.confirm_sign_up(
                ClientId=world.outputs["Client"], Username="guess@example.com", ConfirmationCode="000000"
            )

    def test_the_code_verifies_the_email(self) -> None:
        member(shared(), "verified@example.com")
        self.assertEqual(attributes(shared(), "verified@example.com")["email_verified"], "true")

    def test_a_second_confirmation_is_refused(self) -> None:
        cognito = shared().client("cognito-idp")
        member(shared(), "twice@example.com")
        with self.assertRaises(cognito.exceptions.NotAuthorizedException):
            confirm(shared(), "twice@example.com")

    def test_the_trigger_after_confirmation_runs_and_may_call_back(self) -> None:
        member(shared(), "after@example.com")
        self.assertEqual(attributes(shared(), "after@example.com")["custom:user_id"], "ours-after@example.com")
        event = event_of(shared(), "PostConfirmation_ConfirmSignUp", "after@example.com")
        assert event is not None
        self.assertEqual(event["request"]["userAttributes"]["cognito:user_status"], "CONFIRMED")

    def test_the_trigger_before_sign_up_is_called_for_an_admins_account_too(self) -> None:
        world = shared()
        world.client("cognito-idp").admin_create_user(
            UserPoolId=world.outputs["Pool"], Username="staff@example.com", MessageAction="SUPPRESS"
        )
        self.assertIsNotNone(event_of(world, "PreSignUp_AdminCreateUser", "staff@example.com"))

    def test_of_many_sign_ups_at_once_one_gets_the_email_however_it_is_written(self) -> None:
        emails = [email for _ in range(5) for email in ("race@example.com", "Race@Example.com")]
        outcomes = at_once([lambda email=email: sign_up(shared(), email) for email in emails])
        self.assertEqual(outcomes, ["UsernameExistsException"] * 9 + ["done"])

    def test_of_many_confirmations_at_once_one_succeeds(self) -> None:
        sign_up(shared(), "eager@example.com")
        outcomes = at_once([lambda: confirm(shared(), "eager@example.com")] * 10)
        self.assertEqual(outcomes, ["NotAuthorizedException"] * 9 + ["done"])

    def test_a_client_may_not_write_what_it_is_not_allowed_to(self) -> None:
        world = shared()
        cognito = world.client("cognito-idp")
        with self.assertRaises(cognito.exceptions.NotAuthorizedException):
            cognito.sign_up(
                ClientId=world.outputs["DiscreetClient"],
                Username="forger@example.com",
                Password="Correct-horse-1",
                UserAttributes=[{"Name": "custom:user_id", "Value": "somebody-else"}],
            )
        made = tokens(world, "late-forger@example.com", "DiscreetClient")
        with self.assertRaises(cognito.exceptions.NotAuthorizedException):
            cognito.update_user_attributes(
                AccessToken=made["AccessToken"],
                UserAttributes=[{"Name": "custom:user_id", "Value": "somebody-else"}],
            )

    def test_nobody_changes_an_attribute_that_is_not_mutable(self) -> None:
        world = shared()
        cognito = world.client("cognito-idp")
        member(world, "steady@example.com")
        with self.assertRaises(cognito.exceptions.InvalidParameterException):
            cognito.admin_update_user_attributes(
                UserPoolId=world.outputs["Pool"],
                Username="steady@example.com",
                UserAttributes=[{"Name": "custom:role", "Value": "tutor"}],
            )


class Tokens(unittest.TestCase):
    def test_the_trigger_before_a_token_writes_into_the_access_token(self) -> None:
        made = tokens(shared(), "token@example.com")
        access, identity = claims(made["AccessToken"]), claims(made["IdToken"])
        self.assertEqual((access["user_id"], access["role"]), ("ours-token@example.com", "student"))
        self.assertEqual(access["token_use"], "access")
        self.assertNotIn("role", identity)

    def test_the_trigger_before_a_token_can_refuse(self) -> None:
        cognito = shared().client("cognito-idp")
        member(shared(), "tokenless@example.com")
        with self.assertRaises(cognito.exceptions.UserLambdaValidationException) as refused:
            sign_in(shared(), "tokenless@example.com")
        self.assertEqual(
            refused.exception.response["Error"]["Message"], "PreTokenGeneration failed with error no token for you."
        )

    def test_a_refreshed_access_token_has_the_claims_too(self) -> None:
        refreshed = refresh(shared(), tokens(shared(), "again@example.com")["RefreshToken"])
        self.assertEqual(claims(refreshed["AccessToken"])["user_id"], "ours-again@example.com")
