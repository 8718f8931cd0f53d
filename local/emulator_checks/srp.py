"""Cognito's Secure Remote Password, from the side of the client; only the checks need it."""

import base64
import hashlib
import hmac
import secrets
from datetime import UTC, datetime

# RFC 3526, section 5; Cognito's generator is 2.
_PRIME_HEX = """
    FFFFFFFF FFFFFFFF C90FDAA2 2168C234 C4C6628B 80DC1CD1 29024E08 8A67CC74 020BBEA6 3B139B22 514A0879 8E3404DD
    EF9519B3 CD3A431B 302B0A6D F25F1437 4FE1356D 6D51C245 E485B576 625E7EC6 F44C42E9 A637ED6B 0BFF5CB6 F406B7ED
    EE386BFB 5A899FA5 AE9F2411 7C4B1FE6 49286651 ECE45B3D C2007CB8 A163BF05 98DA4836 1C55D39A 69163FA8 FD24CF5F
    83655D23 DCA3AD96 1C62F356 208552BB 9ED52907 7096966D 670C354E 4ABC9804 F1746C08 CA18217C 32905E46 2E36CE3B
    E39E772C 180E8603 9B2783A2 EC07A28F B5C55DF0 6F4C52C9 DE2BCBF6 95581718 3995497C EA956AE5 15D22618 98FA0510
    15728E5A 8AAAC42D AD33170D 04507A33 A85521AB DF1CBA64 ECFB8504 58DBEF0A 8AEA7157 5D060C7D B3970F85 A6E1E4C7
    ABF5AE8C DB0933D7 1E8C94E0 4A25619D CEE3D226 1AD2EE6B F12FFA06 D98A0864 D8760273 3EC86A64 521F2B18 177B200C
    BBE11757 7A615D6C 770988C0 BAD946E2 08E24FA0 74E5AB31 43DB5BFC E0FD108E 4B82D120 A93AD2CA FFFFFFFF FFFFFFFF
"""
_PRIME = int("".join(_PRIME_HEX.split()), 16)
_GENERATOR = 2


class Attempt:
    """One attempt to sign in."""

    def __init__(self, pool_id: str, password: str) -> None:
        self._pool, self._password = pool_id.split("_", 1)[1], password
        self._secret = secrets.randbelow(_PRIME)
        self._public = pow(_GENERATOR, self._secret, _PRIME)

    @property
    def public(self) -> str:
        """SRP_A."""
        return format(self._public, "x")

    def answer(self, challenge: dict[str, str]) -> dict[str, str]:
        """What PASSWORD_VERIFIER asks for."""
        user, block = challenge["USER_ID_FOR_SRP"], challenge["SECRET_BLOCK"]
        now = datetime.now(UTC)
        moment = f"{now:%a %b} {now.day} {now:%H:%M:%S} UTC {now.year}"
        key = self._key(user, int(challenge["SRP_B"], 16), int(challenge["SALT"], 16))
        message = f"{self._pool}{user}".encode() + base64.b64decode(block) + moment.encode()
        signature = hmac.new(key, message, hashlib.sha256).digest()
        return {
            "USERNAME": user,
            "PASSWORD_CLAIM_SECRET_BLOCK": block,
            "PASSWORD_CLAIM_SIGNATURE": base64.b64encode(signature).decode(),
            "TIMESTAMP": moment,
        }

    def _key(self, user: str, theirs: int, salt: int) -> bytes:
        scramble = _hash(_bytes(self._public), _bytes(theirs))
        inner = hashlib.sha256(f"{self._pool}{user}:{self._password}".encode()).digest()
        private = _hash(_bytes(salt), inner)
        multiplier = _hash(_bytes(_PRIME), _bytes(_GENERATOR))
        base = theirs - multiplier * pow(_GENERATOR, private, _PRIME)
        shared = pow(base, self._secret + scramble * private, _PRIME)
        pseudorandom = hmac.new(_bytes(scramble), _bytes(shared), hashlib.sha256).digest()
        return hmac.new(pseudorandom, b"Caldera Derived Key\x01", hashlib.sha256).digest()[:16]


def _bytes(number: int) -> bytes:
    # A leading zero where the highest bit is set, as the SDKs do.
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def _hash(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha256(b"".join(parts)).digest(), "big")
