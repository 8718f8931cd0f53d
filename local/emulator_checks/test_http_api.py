"""The HTTP API: who gets in, and what the function is told of them."""

import base64
import json
import unittest

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from ..settings import REGION
from .accounts import tokens
from .world import http, shared


def _part(data: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()


class Jwt(unittest.TestCase):
    def _status(self, token: str | None) -> int:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return http("GET", shared().api + "/mine", headers)[0]

    def test_no_token_is_401(self) -> None:
        self.assertEqual(self._status(None), 401)

    def test_a_good_token_gets_in_with_its_claims(self) -> None:
        token = tokens(shared(), "api@example.com")["AccessToken"]
        status, body, _ = http("GET", shared().api + "/mine", {"Authorization": f"Bearer {token}"})
        self.assertEqual(status, 200)
        self.assertEqual(json.loads(body)["jwt"]["claims"]["user_id"], "ours-api@example.com")

    def test_a_token_with_changed_claims_is_401(self) -> None:
        head, body, signature = tokens(shared(), "api@example.com")["AccessToken"].split(".")
        said = json.loads(base64.urlsafe_b64decode(body + "=="))
        self.assertEqual(self._status(f"{head}.{_part(said | {'role': 'superadmin'})}.{signature}"), 401)

    def test_a_token_without_a_signature_is_401(self) -> None:
        body = tokens(shared(), "api@example.com")["AccessToken"].split(".")[1]
        self.assertEqual(self._status(f"{_part({'alg': 'none', 'typ': 'JWT'})}.{body}."), 401)

    def test_a_token_for_another_client_is_401(self) -> None:
        self.assertEqual(self._status(tokens(shared(), "other@example.com", "OtherClient")["AccessToken"]), 401)

    def test_words_that_are_no_token_are_401(self) -> None:
        self.assertEqual(self._status("let-me-in"), 401)


class Iam(unittest.TestCase):
    def _call_as(self, user: str, action: str | None) -> int:
        resource = f"arn:aws:execute-api:{REGION}:000000000000:{shared().outputs['Api']}/*/POST/internal/*"
        return self._signed(*shared().keys_of(user, action, resource))

    def _signed(self, access_key: str, secret_key: str) -> int:
        request = AWSRequest("POST", shared().api + "/internal/check", data=b"{}")
        SigV4Auth(Credentials(access_key, secret_key), "execute-api", REGION).add_auth(request)
        return http("POST", request.url, dict(request.headers), b"{}")[0]

    def test_an_unsigned_call_is_403(self) -> None:
        self.assertEqual(http("POST", shared().api + "/internal/check", body=b"{}")[0], 403)

    def test_a_token_of_a_user_is_no_signature(self) -> None:
        token = tokens(shared(), "api@example.com")["AccessToken"]
        headers = {"Authorization": f"Bearer {token}"}
        self.assertEqual(http("POST", shared().api + "/internal/check", headers, b"{}")[0], 403)

    def test_who_has_the_right_gets_in(self) -> None:
        self.assertEqual(self._call_as("friend", "execute-api:Invoke"), 200)

    def test_who_has_no_right_is_403(self) -> None:
        self.assertEqual(self._call_as("stranger", None), 403)

    def test_a_wrong_secret_is_403(self) -> None:
        access_key, _ = shared().keys_of("thief")
        self.assertEqual(self._signed(access_key, "not-the-secret"), 403)


class Pages(unittest.TestCase):
    def test_an_open_route_works_with_and_without_the_name_of_its_stage(self) -> None:
        self.assertEqual(http("GET", shared().api + "/open")[0], 200)
        self.assertEqual(http("GET", shared().api + "/$default/open")[0], 200)

    def test_a_preflight_is_answered_as_the_template_says(self) -> None:
        asked = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "PUT"}
        status, _, headers = http("OPTIONS", shared().api + "/mine", asked)
        self.assertIn(status, (200, 204))
        self.assertEqual(headers["Access-Control-Allow-Origin"], "http://localhost:3000")
        self.assertIn("PUT", headers["Access-Control-Allow-Methods"])
