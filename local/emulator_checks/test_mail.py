"""Mail that functions send."""

import unittest

from .accounts import mail_to, wait_for_mail
from .world import shared


class Mail(unittest.TestCase):
    def _send(self, function: str, to: str, sender: str = "Lectern <consent@lectern.example>") -> dict[str, str]:
        text, html = "Dear parent, 100 % of it: ä €", "<p>Dear <b>parent</b></p>"
        mail = {"from": sender, "to": to, "subject": "Your child’s account", "text": text, "html": html}
        return shared().invoke(function, mail)

    def test_it_arrives_with_its_subject_text_and_html(self) -> None:
        self.assertIn("done", self._send("send-mail", "parent@example.com"))
        mail = wait_for_mail(shared(), "parent@example.com")
        self.assertEqual(mail["Source"], "Lectern <consent@lectern.example>")
        self.assertEqual(mail["Subject"], "Your child’s account")
        self.assertEqual(mail["BodyText"], "Dear parent, 100 % of it: ä €")
        self.assertEqual(mail["BodyHtml"], "<p>Dear <b>parent</b></p>")

    def test_a_role_without_the_right_does_not_send(self) -> None:
        self.assertEqual(self._send("send-mail-mute", "mute@example.com"), {"error": "AccessDeniedException"})
        self.assertEqual(mail_to(shared(), "mute@example.com"), [])

    def test_the_right_is_for_one_sender(self) -> None:
        refused = self._send("send-mail", "wrong@example.com", "somebody@other.example")
        self.assertEqual(refused, {"error": "AccessDeniedException"})

    def test_who_is_not_verified_does_not_send(self) -> None:
        cognito_free = shared().client("sesv2")
        with self.assertRaises(cognito_free.exceptions.MessageRejected):
            cognito_free.send_email(
                FromEmailAddress="nobody@unverified.example",
                Destination={"ToAddresses": ["x@example.com"]},
                Content={"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}},
            )
