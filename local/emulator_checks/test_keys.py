"""Keys: one role encrypts, another decrypts, and each text is bound to its owner."""

import unittest

from .world import shared

_NUMBER = "518427736"
_OWNER = {"tutorId": "one", "use": "tax-id"}


class Keys(unittest.TestCase):
    def _cipher(self, function: str, context: dict[str, str], **what: str) -> dict[str, str]:
        return shared().invoke(function, {"key": shared().outputs["Key"], "context": context, **what})

    def _hidden(self) -> str:
        return self._cipher("cipher", _OWNER, plain=_NUMBER)["done"]

    def test_what_one_role_encrypts_another_decrypts(self) -> None:
        hidden = self._hidden()
        self.assertNotIn(_NUMBER.encode().hex(), hidden)
        self.assertEqual(self._cipher("decipher", _OWNER, hidden=hidden), {"done": _NUMBER})

    def test_the_same_text_is_hidden_differently_each_time(self) -> None:
        self.assertNotEqual(self._hidden(), self._hidden())

    def test_of_another_owner_it_is_not_decrypted(self) -> None:
        answer = self._cipher("decipher", {**_OWNER, "tutorId": "two"}, hidden=self._hidden())
        self.assertEqual(answer, {"error": "InvalidCiphertextException"})

    def test_who_encrypts_does_not_decrypt_and_who_decrypts_does_not_encrypt(self) -> None:
        for function, what in [("cipher", {"hidden": self._hidden()}), ("decipher", {"plain": _NUMBER})]:
            self.assertIn("AccessDenied", self._cipher(function, _OWNER, **what)["error"], function)

    def test_a_role_without_the_right_does_neither(self) -> None:
        for what in [{"hidden": self._hidden()}, {"plain": _NUMBER}]:
            self.assertIn("AccessDenied", self._cipher("cipher-mute", _OWNER, **what)["error"])

    def test_the_key_is_changed_every_year(self) -> None:
        status = shared().client("kms").get_key_rotation_status(KeyId=shared().outputs["Key"])
        self.assertTrue(status["KeyRotationEnabled"])
