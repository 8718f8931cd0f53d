"""The trigger before a sign-in, through each of the pool's doors."""

import unittest
from typing import Any, Callable

from .accounts import (
    attributes,
    event_of,
    member,
    refresh,
    sign_in,
    sign_in_by_srp,
    sign_in_on_page,
    sign_up,
    submit_page,
    tokens,
)
from .world import shared

SOURCE = "PreAuthentication_Authentication"
WRONG = "Wrong-password-1"


class BeforeSignIn(unittest.TestCase):
    def _refusal(self, call: Callable[[], Any]) -> tuple[str, str]:
        with self.assertRaises(shared().client("cognito-idp").exceptions.ClientError) as refused:
            call()
        error = refused.exception.response["Error"]
        return error["Code"], error["Message"]

    def test_it_hears_who_wants_in_through_which_client(self) -> None:
        world, email = shared(), "heard@example.com"
        member(world, email, "DiscreetClient")
        sign_in(world, email, client="DiscreetClient", metadata={"device": "phone"})
        event = event_of(world, SOURCE, email)
        assert event is not None
        self.assertEqual(event["userName"], attributes(world, email)["sub"])
        self.assertEqual(event["callerContext"]["clientId"], world.outputs["DiscreetClient"])
        self.assertEqual((event["version"], event["userPoolId"]), ("1", world.outputs["Pool"]))
        self.assertEqual((event["region"], event["response"]), ("us-east-1", {}))
        request = event["request"]
        self.assertEqual(request["validationData"], {"device": "phone"})
        self.assertIs(request["userNotFound"], False)
        self.assertEqual(request["userAttributes"]["custom:user_id"], f"ours-{email}")
        self.assertEqual(request["userAttributes"]["cognito:user_status"], "CONFIRMED")

    def test_it_is_called_before_the_password_is_looked_at(self) -> None:
        member(shared(), "mistyped@example.com")
        refusal = self._refusal(lambda: sign_in(shared(), "mistyped@example.com", WRONG))
        self.assertEqual(refusal, ("NotAuthorizedException", "Incorrect username or password."))
        self.assertIsNotNone(event_of(shared(), SOURCE, "mistyped@example.com"))

    def test_a_refresh_does_not_call_it(self) -> None:
        session = tokens(shared(), "fresh@example.com")
        shared().client("ssm").delete_parameter(Name=f"/taken/{SOURCE}/fresh-at-example.com")
        refresh(shared(), session["RefreshToken"])
        self.assertIsNone(event_of(shared(), SOURCE, "fresh@example.com"))

    def test_it_can_refuse_whatever_the_password_is(self) -> None:
        member(shared(), "barred-1@example.com")
        for password in ("Correct-horse-1", WRONG):
            refusal = self._refusal(lambda: sign_in(shared(), "barred-1@example.com", password))
            self.assertEqual(
                refusal, ("UserLambdaValidationException", "PreAuthentication failed with error barred until noon.")
            )

    def test_it_is_called_at_the_beginning_of_srp(self) -> None:
        member(shared(), "srp@example.com")
        self.assertIn("AccessToken", sign_in_by_srp(shared(), "srp@example.com"))
        self.assertIsNotNone(event_of(shared(), SOURCE, "srp@example.com"))
        self.assertEqual(
            self._refusal(lambda: sign_in_by_srp(shared(), "srp@example.com", WRONG))[0], "NotAuthorizedException"
        )

    def test_it_can_refuse_srp(self) -> None:
        member(shared(), "barred-2@example.com")
        refusal = self._refusal(lambda: sign_in_by_srp(shared(), "barred-2@example.com"))
        self.assertEqual(
            refusal, ("UserLambdaValidationException", "PreAuthentication failed with error barred until noon.")
        )

    def test_it_is_called_by_the_hosted_page(self) -> None:
        member(shared(), "page@example.com")
        self.assertIn("access_token", sign_in_on_page(shared(), "page@example.com"))
        event = event_of(shared(), SOURCE, "page@example.com")
        assert event is not None
        self.assertEqual(event["callerContext"]["clientId"], shared().outputs["PageClient"])

    def test_it_can_refuse_on_the_hosted_page_in_its_own_words(self) -> None:
        member(shared(), "barred-3@example.com")
        code, page = submit_page(shared(), "barred-3@example.com")
        self.assertEqual(code, "")
        self.assertIn("PreAuthentication failed with error barred until noon.", page)

    def test_a_client_that_hides_who_exists_calls_it_for_a_stranger(self) -> None:
        refusal = self._refusal(lambda: sign_in(shared(), "stranger@example.com", client="DiscreetClient"))
        self.assertEqual(refusal, ("NotAuthorizedException", "Incorrect username or password."))
        event = event_of(shared(), SOURCE, "stranger@example.com")
        assert event is not None
        self.assertIs(event["request"]["userNotFound"], True)
        self.assertEqual(event["request"]["userAttributes"], {})

    def test_by_srp_a_stranger_fails_as_somebody_with_a_wrong_password_does(self) -> None:
        refusal = self._refusal(lambda: sign_in_by_srp(shared(), "odd@example.com", client="DiscreetClient"))
        self.assertEqual(refusal, ("NotAuthorizedException", "Incorrect username or password."))
        self.assertIsNotNone(event_of(shared(), SOURCE, "odd@example.com"))

    def test_another_client_does_not_call_it_for_a_stranger(self) -> None:
        self.assertEqual(
            self._refusal(lambda: sign_in(shared(), "unknown@example.com"))[0], "UserNotFoundException"
        )
        self.assertIsNone(event_of(shared(), SOURCE, "unknown@example.com"))

    def test_who_has_not_confirmed_is_told_so(self) -> None:
        sign_up(shared(), "unconfirmed@example.com")
        self.assertEqual(
            self._refusal(lambda: sign_in(shared(), "unconfirmed@example.com"))[0], "UserNotConfirmedException"
        )

    def test_an_email_signs_in_however_it_is_written(self) -> None:
        member(shared(), "spelled@example.com")
        self.assertIn("AccessToken", sign_in(shared(), "Spelled@Example.COM"))
