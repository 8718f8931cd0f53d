"""Sessions: what holds one together, and everything that ends one."""

import time
import unittest
from typing import Any, Callable

from ..settings import REGION
from .accounts import (
    attributes,
    claims,
    confirm,
    exchange,
    refresh,
    sign_in,
    sign_in_by_srp,
    sign_in_on_page,
    sign_up,
    tokens,
)
from .world import shared, until


class Sessions(unittest.TestCase):
    def _refusal(self, call: Callable[[], Any]) -> str:
        with self.assertRaises(shared().client("cognito-idp").exceptions.ClientError) as refused:
            call()
        return refused.exception.response["Error"]["Code"]

    def _admin(self, operation: str, email: str, **more: Any) -> Any:
        world = shared()
        call = getattr(world.client("cognito-idp"), operation)
        return call(UserPoolId=world.outputs["Pool"], Username=email, **more)

    def _ended(self, session: dict[str, Any]) -> None:
        """Neither refreshes nor answers any more."""
        self.assertEqual(self._refusal(lambda: refresh(shared(), session["RefreshToken"])), "NotAuthorizedException")
        self.assertIn(
            self._refusal(lambda: shared().client("cognito-idp").get_user(AccessToken=session["AccessToken"])),
            ("NotAuthorizedException", "UserNotFoundException"),
        )

    def test_a_session_has_one_name_in_all_of_its_tokens_however_often_it_is_refreshed(self) -> None:
        first = tokens(shared(), "family@example.com")
        second = refresh(shared(), first["RefreshToken"])
        third = refresh(shared(), first["RefreshToken"])
        names = [claims(each["AccessToken"])["origin_jti"] for each in (first, second, third)]
        names += [claims(each["IdToken"])["origin_jti"] for each in (first, second)]
        self.assertEqual(len(set(names)), 1)
        self.assertNotEqual(claims(first["AccessToken"])["jti"], claims(second["AccessToken"])["jti"])
        other = sign_in(shared(), "family@example.com")
        self.assertNotEqual(claims(other["AccessToken"])["origin_jti"], names[0])

    def test_a_session_of_the_hosted_page_keeps_its_name_and_our_claims(self) -> None:
        tokens(shared(), "page-family@example.com")
        first = sign_in_on_page(shared(), "page-family@example.com")
        status, second = exchange(shared(), grant_type="refresh_token", refresh_token=first["refresh_token"])
        self.assertEqual(status, 200)
        before, after = claims(first["access_token"]), claims(second["access_token"])
        self.assertEqual(before["origin_jti"], after["origin_jti"])
        self.assertEqual(before["user_id"], "ours-page-family@example.com")
        self.assertEqual(after["user_id"], "ours-page-family@example.com")

    def test_a_refreshed_token_remembers_when_the_person_signed_in(self) -> None:
        first = tokens(shared(), "moment@example.com")
        moment = claims(first["AccessToken"])["auth_time"]
        until(lambda: time.time() >= moment + 1)
        second = refresh(shared(), first["RefreshToken"])
        self.assertGreater(claims(second["AccessToken"])["iat"], moment)
        self.assertEqual(claims(second["AccessToken"])["auth_time"], moment)

    def test_a_revoked_session_ends_and_the_others_go_on(self) -> None:
        ended, other = tokens(shared(), "revoke@example.com"), tokens(shared(), "revoke@example.com")
        shared().client("cognito-idp").revoke_token(
            ClientId=shared().outputs["Client"], Token=ended["RefreshToken"]
        )
        self._ended(ended)
        refresh(shared(), other["RefreshToken"])

    def test_another_clients_token_is_not_revoked(self) -> None:
        session = tokens(shared(), "others@example.com")
        self.assertEqual(
            self._refusal(
                lambda: shared()
                .client("cognito-idp")
                .revoke_token(ClientId=shared().outputs["OtherClient"], Token=session["RefreshToken"])
            ),
            "UnauthorizedException",
        )
        refresh(shared(), session["RefreshToken"])

    def test_a_session_of_the_hosted_page_can_be_revoked(self) -> None:
        tokens(shared(), "page-revoke@example.com")
        session = sign_in_on_page(shared(), "page-revoke@example.com")
        shared().client("cognito-idp").revoke_token(
            ClientId=shared().outputs["PageClient"], Token=session["refresh_token"]
        )
        status, answer = exchange(shared(), grant_type="refresh_token", refresh_token=session["refresh_token"])
        self.assertEqual((status, answer["error"]), (400, "invalid_grant"))

    def test_who_signs_out_everywhere_ends_every_session_and_may_come_back(self) -> None:
        email = "out@example.com"
        sessions = [tokens(shared(), email), tokens(shared(), email), sign_in_by_srp(shared(), email)]
        shared().client("cognito-idp").global_sign_out(AccessToken=sessions[0]["AccessToken"])
        for session in sessions:
            self._ended(session)
        refresh(shared(), sign_in(shared(), email)["RefreshToken"])

    def test_an_admin_can_sign_somebody_out_everywhere(self) -> None:
        email = "sent-out@example.com"
        session, page = tokens(shared(), email), sign_in_on_page(shared(), email)
        self._admin("admin_user_global_sign_out", email)
        self._ended(session)
        self.assertEqual(
            exchange(shared(), grant_type="refresh_token", refresh_token=page["refresh_token"])[0], 400
        )
        refresh(shared(), sign_in(shared(), email)["RefreshToken"])

    def test_who_is_disabled_neither_signs_in_nor_refreshes_until_enabled(self) -> None:
        email = "disabled-2@example.com"
        session = tokens(shared(), email)
        self._admin("admin_disable_user", email)
        self._ended(session)
        for attempt in (sign_in, sign_in_by_srp):
            self.assertEqual(self._refusal(lambda: attempt(shared(), email)), "NotAuthorizedException")
        self.assertNotIn("access_token", sign_in_on_page(shared(), email))
        self._admin("admin_enable_user", email)
        self._ended(session)
        refresh(shared(), sign_in(shared(), email)["RefreshToken"])

    def test_who_is_deleted_is_gone_and_the_email_is_free(self) -> None:
        email = "deleted@example.com"
        session, before = tokens(shared(), email), attributes(shared(), email)["sub"]
        page = sign_in_on_page(shared(), email)
        self._admin("admin_delete_user", email)
        self._ended(session)
        self.assertEqual(
            exchange(shared(), grant_type="refresh_token", refresh_token=page["refresh_token"])[0], 400
        )
        sign_up(shared(), email)
        confirm(shared(), email)
        self.assertNotEqual(attributes(shared(), email)["sub"], before)
        # The one who was deleted does not come back with the email.
        self._ended(session)

    def test_an_admin_can_change_attributes(self) -> None:
        email = "renamed@example.com"
        session = tokens(shared(), email)
        self._admin(
            "admin_update_user_attributes", email, UserAttributes=[{"Name": "custom:user_id", "Value": "another"}]
        )
        self.assertEqual(claims(refresh(shared(), session["RefreshToken"])["AccessToken"])["user_id"], "another")

    def test_an_admins_call_needs_the_right_to_it_in_this_pool(self) -> None:
        world, email = shared(), "subject@example.com"
        tokens(world, email)
        arn = f"arn:aws:cognito-idp:{REGION}:000000000000:userpool/{world.outputs['Pool']}"
        cognito = world.client("cognito-idp", *world.keys_of("disabler", "cognito-idp:AdminDisableUser", arn))
        who = {"UserPoolId": world.outputs["Pool"], "Username": email}
        cognito.admin_disable_user(**who)
        elsewhere = world.client("cognito-idp").create_user_pool(PoolName="elsewhere")["UserPool"]["Id"]
        for refused in (
            lambda: cognito.admin_delete_user(**who),
            lambda: cognito.admin_disable_user(UserPoolId=elsewhere, Username=email),
        ):
            self.assertEqual(self._refusal(refused), "AccessDeniedException")
