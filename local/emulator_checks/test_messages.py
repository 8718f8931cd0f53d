"""The mails of the user pool: that they arrive, and that the product may write them."""

import socketserver
import threading
import unittest
from email import message_from_string
from typing import Any

from .accounts import RESET_CODE, SIGN_UP_CODE, event_of, member, sign_up, wait_for_mail
from .world import shared, until


class _Inbox(socketserver.TCPServer):
    """As much of an SMTP server as one mail needs."""

    allow_reuse_address = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Conversation)
        self.received = ""

    def __enter__(self) -> "_Inbox":
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.shutdown()
        self.server_close()


class _Conversation(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self._say("220 ready")
        while line := self.rfile.readline().decode().strip():
            word = line.split()[0].upper()
            self._say({"DATA": "354 go on", "QUIT": "221 bye"}.get(word, "250 fine"))
            if word == "QUIT":
                return
            if word == "DATA":
                self.server.received = self._mail()  # type: ignore[attr-defined]
                self._say("250 taken")

    def _mail(self) -> str:
        lines = []
        while (line := self.rfile.readline().decode()).rstrip() != ".":
            lines.append(line.removeprefix(".") if line.startswith("..") else line)
        return "".join(lines)

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class Messages(unittest.TestCase):
    def _resend(self, email: str, **more: object) -> None:
        shared().client("cognito-idp").resend_confirmation_code(
            ClientId=shared().outputs["Client"], Username=email, **more
        )

    def _forget(self, email: str, **more: object) -> None:
        shared().client("cognito-idp").forgot_password(ClientId=shared().outputs["Client"], Username=email, **more)

    def test_without_words_of_ours_the_pools_own_arrive_with_the_code(self) -> None:
        sign_up(shared(), "plain@example.com")
        mail = wait_for_mail(shared(), "plain@example.com")
        self.assertEqual((mail["To"], mail["Source"]), (["plain@example.com"], "Lectern <accounts@lectern.example>"))
        self.assertIn(SIGN_UP_CODE, mail["BodyText"])

    def test_our_words_replace_them_and_the_code_is_put_in(self) -> None:
        email = "custom-1@example.com"
        sign_up(shared(), email, metadata={"locale": "de"})
        mail = wait_for_mail(shared(), email)
        self.assertEqual(mail["Subject"], "Hello")
        self.assertEqual(mail["BodyHtml"], f"<p>Your code is <b>{SIGN_UP_CODE}</b>.</p>")
        event = event_of(shared(), "CustomMessage_SignUp", email)
        assert event is not None
        request = event["request"]
        self.assertEqual((request["codeParameter"], request["usernameParameter"]), ("{####}", None))
        self.assertEqual(request["clientMetadata"], {"locale": "de"})
        self.assertEqual(request["userAttributes"]["email"], email)
        self.assertEqual(request["userAttributes"]["cognito:user_status"], "UNCONFIRMED")
        self.assertEqual(event["response"], {"smsMessage": None, "emailMessage": None, "emailSubject": None})
        self.assertEqual(event["callerContext"]["clientId"], shared().outputs["Client"])

    def test_the_mail_goes_out_by_smtp_to_the_inbox(self) -> None:
        with _Inbox(shared().settings.ports["smtp"]) as inbox:
            sign_up(shared(), "custom-inbox@example.com")
            mail = message_from_string(until(lambda: inbox.received))
        self.assertEqual((mail["To"], mail["Subject"]), ("custom-inbox@example.com", "Hello"))
        texts = [part.get_payload(decode=True) for part in mail.walk() if part.get_content_type() == "text/html"]
        self.assertEqual(texts, [f"<p>Your code is <b>{SIGN_UP_CODE}</b>.</p>".encode()])

    def test_a_code_that_is_sent_again_is_announced_as_that(self) -> None:
        email = "custom-2@example.com"
        sign_up(shared(), email)
        self._resend(email, ClientMetadata={"locale": "fr"})
        self.assertIn(SIGN_UP_CODE, wait_for_mail(shared(), email, 2)["BodyHtml"])
        event = event_of(shared(), "CustomMessage_ResendCode", email)
        assert event is not None
        self.assertEqual(event["request"]["clientMetadata"], {"locale": "fr"})

    def test_a_forgotten_password_is_announced_as_that(self) -> None:
        email = "custom-3@example.com"
        member(shared(), email)
        self._forget(email, ClientMetadata={"locale": "es"})
        self.assertIn(RESET_CODE, wait_for_mail(shared(), email, 2)["BodyHtml"])
        event = event_of(shared(), "CustomMessage_ForgotPassword", email)
        assert event is not None
        self.assertEqual(event["request"]["clientMetadata"], {"locale": "es"})
        self.assertEqual(event["request"]["userAttributes"]["custom:user_id"], f"ours-{email}")

    def test_an_invitation_is_announced_with_a_name_to_put_in(self) -> None:
        world, email = shared(), "invited@example.com"
        world.client("cognito-idp").admin_create_user(UserPoolId=world.outputs["Pool"], Username=email)
        self.assertIn(email, wait_for_mail(world, email)["BodyText"])
        event = event_of(world, "CustomMessage_AdminCreateUser", email)
        assert event is not None
        self.assertEqual(event["request"]["usernameParameter"], "{username}")

    def test_words_without_a_place_for_the_code_are_refused(self) -> None:
        cognito = shared().client("cognito-idp")
        with self.assertRaises(cognito.exceptions.InvalidLambdaResponseException):
            sign_up(shared(), "codeless-1@example.com")

    def test_a_trigger_that_fails_fails_the_call_and_leaves_the_account(self) -> None:
        cognito = shared().client("cognito-idp")
        with self.assertRaises(cognito.exceptions.UserLambdaValidationException) as refused:
            sign_up(shared(), "wordless-1@example.com")
        self.assertEqual(
            refused.exception.response["Error"]["Message"], "CustomMessage failed with error no words."
        )
        with self.assertRaises(cognito.exceptions.UsernameExistsException):
            sign_up(shared(), "wordless-1@example.com")

    def test_a_pool_that_sends_through_cognito_takes_no_words_of_ours(self) -> None:
        cognito = shared().client("cognito-idp")
        arn = "arn:aws:lambda:us-east-1:000000000000:function:check-custom-message"
        pool = cognito.create_user_pool(
            PoolName="default-sender", AutoVerifiedAttributes=["email"], LambdaConfig={"CustomMessage": arn}
        )["UserPool"]["Id"]
        client = cognito.create_user_pool_client(UserPoolId=pool, ClientName="one")["UserPoolClient"]["ClientId"]
        with self.assertRaises(cognito.exceptions.InvalidLambdaResponseException):
            cognito.sign_up(
                ClientId=client,
                Username="custom-4",
                Password="Correct-horse-1",
                UserAttributes=[{"Name": "email", "Value": "custom-4@example.com"}],
            )
