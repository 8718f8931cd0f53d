"""Forgotten and changed passwords."""

import unittest
from typing import Any, Callable

from .accounts import (
    PASSWORD,
    RESET_CODE,
    confirm,
    event_of,
    mail_to,
    member,
    sign_in,
    sign_up,
    tokens,
    wait_for_mail,
)
from .world import at_once, shared

NEW = "Better-horse-22"


def _forget(email: str, client: str = "DiscreetClient") -> dict[str, str]:
    answer = shared().client("cognito-idp").forgot_password(ClientId=shared().outputs[client], Username=email)
    return answer["CodeDeliveryDetails"]


def _reset(email: str, code: str = RESET_CODE, client: str = "DiscreetClient", password: str = NEW) -> None:
    shared().client("cognito-idp").confirm_forgot_password(
        ClientId=shared().outputs[client],
        Username=email,
        ConfirmationCode=code,
        Password=password,
        ClientMetadata={"why": "forgot"},
    )


def _resend(email: str, client: str = "DiscreetClient") -> dict[str, str]:
    cognito = shared().client("cognito-idp")
    return cognito.resend_confirmation_code(ClientId=shared().outputs[client], Username=email)["CodeDeliveryDetails"]


class _Refusals(unittest.TestCase):
    def refusal(self, call: Callable[[], Any]) -> str:
        with self.assertRaises(shared().client("cognito-idp").exceptions.ClientError) as refused:
            call()
        return refused.exception.response["Error"]["Code"]


class Forgotten(_Refusals):
    def test_the_emailed_code_sets_a_new_password_and_the_old_one_is_gone(self) -> None:
        member(shared(), "forgot@example.com")
        _forget("forgot@example.com")
        _reset("forgot@example.com")
        self.assertIn("AccessToken", sign_in(shared(), "forgot@example.com", NEW))
        self.assertEqual(self.refusal(lambda: sign_in(shared(), "forgot@example.com")), "NotAuthorizedException")

    def test_the_trigger_after_confirmation_hears_of_it(self) -> None:
        member(shared(), "told@example.com")
        _forget("told@example.com")
        _reset("told@example.com")
        event = event_of(shared(), "PostConfirmation_ConfirmForgotPassword", "told@example.com")
        assert event is not None
        self.assertEqual(event["request"]["clientMetadata"], {"why": "forgot"})
        self.assertEqual(event["request"]["userAttributes"]["email"], "told@example.com")

    def test_a_wrong_code_changes_nothing(self) -> None:
        member(shared(), "wrong-code@example.com")
        _forget("wrong-code@example.com")
        self.assertEqual(self.refusal(lambda: _reset("wrong-code@example.com", "111111")), "CodeMismatchException")
        self.assertIn("AccessToken", sign_in(shared(), "wrong-code@example.com"))

    def test_a_code_works_once(self) -> None:
        member(shared(), "once@example.com")
        _forget("once@example.com")
        _reset("once@example.com")
        self.assertEqual(self.refusal(lambda: _reset("once@example.com")), "ExpiredCodeException")

    def test_of_many_that_bring_the_code_at_once_one_sets_the_password(self) -> None:
        member(shared(), "crowd@example.com")
        _forget("crowd@example.com")
        passwords = [f"Better-horse-{number}" for number in range(10)]
        outcomes = at_once([lambda new=new: _reset("crowd@example.com", password=new) for new in passwords])
        self.assertEqual(outcomes, ["ExpiredCodeException"] * 9 + ["done"])

    def test_a_password_that_is_too_short_is_refused_and_the_code_still_works(self) -> None:
        member(shared(), "short@example.com")
        _forget("short@example.com")
        self.assertEqual(
            self.refusal(lambda: _reset("short@example.com", password="Short-1")), "InvalidPasswordException"
        )
        _reset("short@example.com")

    def test_a_stranger_gets_the_answer_that_a_member_gets_and_no_mail(self) -> None:
        member(shared(), "known@example.com")
        known, unknown = _forget("known@example.com"), _forget("kunknown@example.com")
        self.assertEqual(known, unknown)
        self.assertEqual(self.refusal(lambda: _reset("kunknown@example.com")), "CodeMismatchException")
        wait_for_mail(shared(), "known@example.com", 2)
        self.assertEqual(mail_to(shared(), "kunknown@example.com"), [])

    def test_who_has_not_verified_the_email_is_answered_like_a_stranger(self) -> None:
        sign_up(shared(), "not-yet@example.com")
        wait_for_mail(shared(), "not-yet@example.com")
        self.assertRegex(_forget("not-yet@example.com")["Destination"], r"^n\*+@e\*+$")
        self.assertEqual(len(mail_to(shared(), "not-yet@example.com")), 1)
        self.assertEqual(
            self.refusal(lambda: _forget("not-yet@example.com", "Client")), "InvalidParameterException"
        )

    def test_who_is_disabled_is_answered_like_a_stranger(self) -> None:
        world, email = shared(), "disabled-1@example.com"
        member(world, email)
        _forget(email)
        world.client("cognito-idp").admin_disable_user(UserPoolId=world.outputs["Pool"], Username=email)
        self.assertRegex(_forget(email)["Destination"], r"^d\*+@e\*+$")
        self.assertEqual(self.refusal(lambda: _reset(email)), "CodeMismatchException")
        self.assertEqual(len(mail_to(world, email)), 2)

    def test_an_account_that_an_admin_made_can_reset_its_password(self) -> None:
        world, email = shared(), "appointed@example.com"
        cognito, who = world.client("cognito-idp"), {"UserPoolId": world.outputs["Pool"], "Username": email}
        verified = {"Name": "email_verified", "Value": "true"}
        cognito.admin_create_user(**who, MessageAction="SUPPRESS", UserAttributes=[verified])
        self.assertEqual(mail_to(world, email), [])
        # A temporary password is not reset, but replaced by who has it.
        self.assertEqual(self.refusal(lambda: _forget(email)), "NotAuthorizedException")
        cognito.admin_set_user_password(**who, Password=PASSWORD, Permanent=True)
        self.assertIn("AccessToken", sign_in(world, email))
        _forget(email)
        self.assertIn(RESET_CODE, wait_for_mail(world, email)["BodyText"])
        _reset(email)
        self.assertIn("AccessToken", sign_in(world, email, NEW))


class SentAgain(_Refusals):
    def test_the_code_comes_again_and_still_confirms(self) -> None:
        sign_up(shared(), "slow@example.com")
        _resend("slow@example.com")
        wait_for_mail(shared(), "slow@example.com", 2)
        confirm(shared(), "slow@example.com")

    def test_a_stranger_gets_the_answer_that_a_member_gets_and_no_mail(self) -> None:
        sign_up(shared(), "pending@example.com")
        self.assertEqual(_resend("pending@example.com"), _resend("pstranger@example.com"))
        self.assertEqual(mail_to(shared(), "pstranger@example.com"), [])

    def test_who_is_confirmed_already_gets_none(self) -> None:
        member(shared(), "done@example.com")
        self.assertEqual(self.refusal(lambda: _resend("done@example.com")), "InvalidParameterException")


class Changed(_Refusals):
    def _change(self, access_token: str, old: str, new: str) -> None:
        shared().client("cognito-idp").change_password(
            AccessToken=access_token, PreviousPassword=old, ProposedPassword=new
        )

    def test_it_takes_the_old_password_and_leaves_the_session(self) -> None:
        made = tokens(shared(), "change@example.com")
        self.assertEqual(
            self.refusal(lambda: self._change(made["AccessToken"], "Wrong-password-1", NEW)),
            "NotAuthorizedException",
        )
        self.assertEqual(
            self.refusal(lambda: self._change(made["AccessToken"], PASSWORD, "Short-1")), "InvalidPasswordException"
        )
        self._change(made["AccessToken"], PASSWORD, NEW)
        self.assertIn("AccessToken", sign_in(shared(), "change@example.com", NEW))
        self.assertEqual(self.refusal(lambda: sign_in(shared(), "change@example.com")), "NotAuthorizedException")
        shared().client("cognito-idp").get_user(AccessToken=made["AccessToken"])

    def test_a_token_that_is_none_changes_nothing(self) -> None:
        made = tokens(shared(), "forged@example.com")
        head, body, _ = made["AccessToken"].split(".")
        self.assertEqual(
            self.refusal(lambda: self._change(f"{head}.{body}.AAAA", PASSWORD, NEW)), "NotAuthorizedException"
        )
