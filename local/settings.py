"""Where things are and which ports they have: the one place that the rest of the platform asks."""

import os
import socket
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from .problem import Problem

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / "local" / ".tools"
CONTEXTS = ("identity", "tutoring", "booking", "payments")
REGION = "us-east-1"
STAGE = "local"

# What listens, and where unless LECTERN_PORT_<NAME> says otherwise.
DEFAULT_PORTS = {
    "emulator": 4566,
    "postgres": 54329,
    "stripe": 12111,
    "mail": 1080,
    "smtp": 1025,
    "api": 8080,
}

# Fixed on purpose: they guard nothing but loopback, and a script or a test may rely on them.
POSTGRES_PASSWORD = "postgres"
STRIPE_SECRET_KEY = "sk_test_lectern_local_0123456789"
STRIPE_PUBLISHABLE_KEY = "pk_test_lectern_local_0123456789"
STRIPE_WEBHOOK_SECRET = "whsec_lectern_local_0123456789"
STRIPE_CONNECT_WEBHOOK_SECRET = "whsec_lectern_local_connect_0123456789"


# Stripe itself, which takes the stand-in's place when its test key and webhook secret are given.
STRIPE_API = "https://api.stripe.com"


@dataclass(frozen=True)
class Stripe:
    """Where Stripe is, or what stands in for it, and what is secret between it and us."""

    api: str
    secret_key: str
    webhook_secret: str
    connect_webhook_secret: str


@dataclass(frozen=True)
class Settings:
    """One copy of the platform: `make dev` has one, and each test run another."""

    state: Path
    ports: dict[str, int]
    overrides: dict[str, str] = field(default_factory=dict)
    # How many times its Timeout a function is given.
    patience: int = 1
    # Stripe itself, if that is wanted.
    real_stripe: Stripe | None = None

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def run(self) -> Path:
        """Pid files."""
        return self.state / "run"

    @property
    def endpoints(self) -> Path:
        return self.state / "endpoints.json"

    @property
    def emulator_url(self) -> str:
        return f"http://localhost:{self.ports['emulator']}"

    @property
    def stripe(self) -> Stripe:
        """Who is paid through."""
        stand_in = Stripe(self.stripe_url, STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET, STRIPE_CONNECT_WEBHOOK_SECRET)
        return self.real_stripe or stand_in

    @property
    def stripe_url(self) -> str:
        """The stand-in, which runs in any case."""
        return f"http://127.0.0.1:{self.ports['stripe']}"

    @property
    def mail_url(self) -> str:
        return f"http://localhost:{self.ports['mail']}"

    @property
    def api_page_url(self) -> str:
        return f"http://localhost:{self.ports['api']}"

    @property
    def admin_database_url(self) -> str:
        return f"postgres://postgres:{POSTGRES_PASSWORD}@127.0.0.1:{self.ports['postgres']}/postgres"

    def parameters(self) -> dict[str, str]:
        """Template parameters: samconfig.toml's for this stage, then what is only known here."""
        with open(ROOT / "samconfig.toml", "rb") as file:
            listed = tomllib.load(file)[STAGE]["deploy"]["parameters"]["parameter_overrides"]
        known = dict(item.split("=", 1) for item in listed)
        # The page to try the API is an origin of its own.
        origins = [known.get("WebOrigins", ""), self.api_page_url]
        known |= {
            "LocalEndpoint": self.emulator_url,
            "StripeApiBase": self.stripe.api,
            "WebOrigins": ",".join(origin for origin in origins if origin),
        }
        return known | self.overrides


def ports_from_environment() -> dict[str, int]:
    """The default ports, each of which LECTERN_PORT_<NAME> overrides."""
    ports = {}
    for name, default in DEFAULT_PORTS.items():
        variable = f"LECTERN_PORT_{name.upper()}"
        text = os.environ.get(variable, str(default))
        if not text.isdigit() or not 0 < int(text) < 65536:
            raise Problem(f"{variable} is {text!r}, which is no port")
        ports[name] = int(text)
    return ports


def stripe_from_environment() -> Stripe | None:
    """Stripe itself, if LECTERN_STRIPE_SECRET_KEY and LECTERN_STRIPE_WEBHOOK_SECRET say so: one is nothing without the other.

    `stripe listen` signs everything with one secret, whichever of our two addresses it goes to.
    """
    key = os.environ.get("LECTERN_STRIPE_SECRET_KEY", "")
    secret = os.environ.get("LECTERN_STRIPE_WEBHOOK_SECRET", "")
    if not key and not secret:
        return None
    if not key.startswith(("sk_test_", "rk_test_")):
        raise Problem("LECTERN_STRIPE_SECRET_KEY isn't a test key (sk_test_… or rk_test_…): no real money moves locally")
    if not secret.startswith("whsec_"):
        raise Problem("LECTERN_STRIPE_WEBHOOK_SECRET isn't a webhook secret (whsec_…): `stripe listen` prints it")
    return Stripe(STRIPE_API, key, secret, secret)


def free_ports() -> dict[str, int]:
    """Ports that nothing uses, picked by the operating system."""
    sockets = {name: socket.socket() for name in DEFAULT_PORTS}
    try:
        # All are held until all are picked, so that no two are the same.
        for each in sockets.values():
            each.bind(("127.0.0.1", 0))
        return {name: each.getsockname()[1] for name, each in sockets.items()}
    finally:
        for each in sockets.values():
            each.close()


def development() -> Settings:
    """What `make dev` runs."""
    state = ROOT / "target" / "local"
    return Settings(state=state, ports=ports_from_environment(), real_stripe=stripe_from_environment())
