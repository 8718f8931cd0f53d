"""A stand-in of the checks' own, and whoever listens to its webhooks."""

import json
import shutil
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import stripe

from ..install import STRIPE_CONTRACT
from ..services import STRIPE_BINARY
from ..settings import free_ports

# The command line wants keys of at least this length.
SECRET_KEY = "sk_test_123456789012"
PUBLISHABLE_KEY = "pk_test_123456789012"
WEBHOOK_SECRET = "whsec_of_the_checks"
CONNECT_SECRET = "whsec_of_the_connected"

# Longer than anything takes, even on a busy machine.
_PATIENCE_SECONDS = 30

T = TypeVar("T")


@dataclass(frozen=True)
class Delivery:
    """What the webhook was sent."""

    body: bytes
    signature: str

    @property
    def event(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


class Webhook:
    """Takes whatever it is sent, and keeps it."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/hook"

    def of(self, kind: str) -> list[Delivery]:
        """The deliveries of events of that type."""
        return [each for each in list(self.deliveries) if each.event["type"] == kind]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        deliveries = self.deliveries

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                deliveries.append(Delivery(body, self.headers["stripe-signature"]))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


class World:
    """The stand-in, its webhook, and Stripe's SDK in front of it."""

    def __init__(self) -> None:
        self.webhook = Webhook()
        self.folder = Path(tempfile.mkdtemp(prefix="lectern-stripe-checks-"))
        self.port = free_ports()["stripe"]
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = self.client_with(SECRET_KEY)
        self.process = self._start()
        until(self._is_up)

    def _start(self) -> subprocess.Popen[bytes]:
        command = [
            str(STRIPE_BINARY),
            *("--port", str(self.port), "--state", str(self.folder / "stripe.json")),
            *("--secret-key", SECRET_KEY, "--publishable-key", PUBLISHABLE_KEY),
            *("--webhook-url", self.webhook.url, "--webhook-secret", WEBHOOK_SECRET),
            *("--connect-webhook-url", self.webhook.url, "--connect-webhook-secret", CONNECT_SECRET),
            *("--payouts", "by-hand"),
            *("--check-openapi", str(STRIPE_CONTRACT)),
        ]
        with open(self.folder / "log", "wb") as log:
            return subprocess.Popen(command, stdout=log, stderr=log)

    def _is_up(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError((self.folder / "log").read_text())
        try:
            return bool(self.admin("GET", "health"))
        except OSError:
            return False

    def client_with(self, key: str) -> stripe.StripeClient:
        """The SDK with a key, on its own: what is refused once is refused."""
        return stripe.StripeClient(key, base_addresses={"api": self.url}, max_network_retries=0)

    def admin(self, method: str, route: str, /, **form: str) -> Any:
        """What only a stand-in can do."""
        data = urllib.parse.urlencode(form).encode() if method == "POST" else None
        request = urllib.request.Request(f"{self.url}/_stand_in/{route}", data, method=method)
        with urllib.request.urlopen(request, timeout=_PATIENCE_SECONDS) as answer:
            return json.loads(answer.read())

    def violations(self) -> list[Any]:
        """What was not as Stripe's contract says, so far."""
        return list(self.admin("GET", "violations")["violations"])

    def end(self) -> None:
        """Stops everything and throws it away."""
        self.process.kill()
        self.process.wait()
        self.webhook.server.shutdown()
        shutil.rmtree(self.folder, ignore_errors=True)


def until(wanted: Callable[[], T]) -> T:
    """Waits for something to be there, with a limit."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while not (found := wanted()):
        if time.monotonic() > end:
            raise AssertionError("it didn't come in time")
        time.sleep(0.02)
    return found


_shared: list[World] = []


def shared() -> World:
    """One for all checks: each makes its own objects."""
    if not _shared:
        _shared.append(World())
    return _shared[0]


def end_shared() -> None:
    """Ends it, if there is one."""
    while _shared:
        _shared.pop().end()


class Check(unittest.TestCase):
    """A check, which leaves nothing behind that is not as Stripe's contract says."""

    def setUp(self) -> None:
        self.world = shared()
        self.stripe = self.world.client.v1
        before = len(self.world.violations())
        self.addCleanup(lambda: self.assertEqual(self.world.violations()[before:], []))

    def paid(self, amount: int = 5000) -> stripe.PaymentIntent:
        """A payment by card that went well."""
        return self.stripe.payment_intents.create(
            {
                "amount": amount,
                "currency": "usd",
                "payment_method": "pm_card_visa",
                "confirm": True,
                "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            }
        )

    def ready_account(self) -> stripe.Account:
        """A connected account that may receive."""
        account = self.stripe.accounts.create(
            {"type": "express", "country": "US", "capabilities": {"transfers": {"requested": True}}}
        )
        self.world.admin("POST", "accounts/complete_onboarding", account=account.id)
        return self.stripe.accounts.retrieve(account.id)
