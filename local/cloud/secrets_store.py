"""The secrets of a stage, in SSM. None is ever printed, nor given on a command line."""

import secrets
from typing import Mapping
from urllib.parse import quote
from urllib.request import urlopen

from botocore.exceptions import ClientError

from .problem import Problem, say
from .stage import parameter_name

ADMIN = "lectern_admin"  # MasterUsername in template.yaml
_CA_URL = "https://truststore.pki.rds.amazonaws.com/{region}/{region}-bundle.pem"
# Marks a webhook secret that nobody has given yet: random, so that no signature made with it can be guessed.
_PENDING = "pending_"
# The platform's own events, and those of tutors' accounts: two endpoints at Stripe.
_WEBHOOK_SECRETS = {
    "STRIPE_WEBHOOK_SECRET": "stripe/webhook-secret",
    "STRIPE_CONNECT_WEBHOOK_SECRET": "stripe/connect-webhook-secret",
}


class Secrets:
    """The parameters of one stage."""

    def __init__(self, ssm, stage: str) -> None:
        self._ssm = ssm
        self._stage = stage

    def read(self, name: str) -> str | None:
        """A value; None when there is none."""
        try:
            answer = self._ssm.get_parameter(Name=parameter_name(self._stage, name), WithDecryption=True)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ParameterNotFound":
                return None
            raise
        return answer["Parameter"]["Value"]

    def write(self, name: str, value: str, secret: bool = True) -> bool:
        """Writes a value where it differs; says whether it did."""
        if self.read(name) == value:
            return False
        kind = {"Type": "SecureString"} if secret else {"Type": "String", "Tier": "Intelligent-Tiering"}
        self._ssm.put_parameter(Name=parameter_name(self._stage, name), Value=value, Overwrite=True, **kind)
        say(f"  wrote {parameter_name(self._stage, name)}")
        return True

    def make_admin_password(self) -> None:
        """Once: the template reads it when it makes the database."""
        if self.read("database/admin-password") is None:
            self.write("database/admin-password", secrets.token_urlsafe(32))

    def take_stripe_values(self, given: Mapping[str, str]) -> None:
        """Stripe's key and webhook secrets from the environment; what is stored stays unless a new one is given."""
        key = given.get("STRIPE_SECRET_KEY")
        if key:
            check_stripe_key(self._stage, key)
            self.write("stripe/secret-key", key)
        elif self.read("stripe/secret-key") is None:
            raise Problem("STRIPE_SECRET_KEY isn't set, and the stage has no key yet (docs/operations.md, Stripe)")
        for variable, name in _WEBHOOK_SECRETS.items():
            webhook = given.get(variable)
            if webhook:
                if not webhook.startswith("whsec_"):
                    raise Problem(f"{variable} must start with whsec_")
                self.write(name, webhook)
            elif self.read(name) is None:
                # Stripe gives the secret when it is told the address, which exists only after the first deployment.
                self.write(name, _PENDING + secrets.token_urlsafe(32))

    def webhook_secret_is_pending(self) -> bool:
        """Whether any of Stripe's webhooks are still refused, for want of their secret."""
        return any((self.read(name) or _PENDING).startswith(_PENDING) for name in _WEBHOOK_SECRETS.values())

    def write_admin_url(self, host: str, port: str) -> None:
        """Where `prepare-databases` signs in."""
        password = self.read("database/admin-password")
        if password is None:
            raise Problem("the database's admin password is gone from SSM (docs/operations.md, rotating secrets)")
        self.write("database/admin-url", admin_url(host, port, password))

    def write_ca(self, region: str, fetch=None) -> None:
        """The certificates by which functions know the database."""
        if self.read("database/ca") is None:
            self.write("database/ca", (fetch or fetch_ca)(region), secret=False)


def admin_url(host: str, port: str, password: str) -> str:
    """A URL of the database's admin. Functions verify the server by `database/ca` whenever sslmode is `require`."""
    return f"postgresql://{ADMIN}:{quote(password, safe='')}@{host}:{port}/postgres?sslmode=require"


def check_stripe_key(stage: str, key: str) -> None:
    """Real money only in prod, and never play money there."""
    wanted = ("sk_live_", "rk_live_") if stage == "prod" else ("sk_test_", "rk_test_")
    if not key.startswith(wanted):
        raise Problem(f"STRIPE_SECRET_KEY of the stage {stage} must start with {' or '.join(wanted)}")


def fetch_ca(region: str) -> str:
    """AWS's own certificates for databases of a region."""
    with urlopen(_CA_URL.format(region=region), timeout=20) as answer:
        text = answer.read().decode("ascii")
    if "BEGIN CERTIFICATE" not in text or len(text) > 8192:
        raise Problem(f"{_CA_URL.format(region=region)} didn't answer with certificates of at most 8 KB")
    return text
