"""The running platform: how it is called, and where what it did can be seen."""

import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, TypeVar

from ..aws import Aws
from ..demo_people import Api
from ..problem import Problem
from ..settings import STRIPE_PUBLISHABLE_KEY, Settings
from .database import Database, Row

Seen = TypeVar("Seen")


@dataclass(frozen=True)
class Answer:
    """What came back, and how long it took."""

    status: int
    body: dict[str, Any]
    seconds: float

    @property
    def data(self) -> dict[str, Any]:
        """What a success carries."""
        return self.body.get("data", self.body)


class World:
    """One copy of the platform, by its endpoints.json."""

    def __init__(self, endpoints: Path) -> None:
        told = json.loads(endpoints.read_text())
        self.name = str(endpoints)
        self.api = told["api"]
        self.stripe = told["stripe"]
        self.accounts = told["accounts"]
        self._databases = told["postgres"]
        self._calls = Api(self.api)
        port = urllib.parse.urlsplit(self.api).port or 0
        self.aws = Aws(Settings(state=endpoints.parent, ports={"emulator": port}))

    def call(self, method: str, path: str, body: Any = None, token: str | None = None) -> Answer:
        """Calls our API."""
        began = time.monotonic()
        try:
            status, answer = self._calls.call(method, path, body, token)
        except (OSError, http.client.HTTPException) as error:
            raise Problem(f"{method} {path}: the API at {self.api} does not answer: {error}") from None
        return Answer(status, answer, time.monotonic() - began)

    def call_stripe(self, method: str, path: str, form: dict[str, str] | None = None, key: bool = True) -> Answer:
        """Calls the stand-in for Stripe: as a browser would, with the publishable key, or its own routes without."""
        request = urllib.request.Request(
            self.stripe + path,
            method=method,
            data=None if form is None else urllib.parse.urlencode(form).encode(),
            headers={"Authorization": f"Bearer {STRIPE_PUBLISHABLE_KEY}"} if key else {},
        )
        began = time.monotonic()
        try:
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    status, text = answer.status, answer.read()
            except urllib.error.HTTPError as error:
                status, text = error.code, error.read()
            return Answer(status, json.loads(text or b"{}"), time.monotonic() - began)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise Problem(f"{method} {path}: the stand-in for Stripe at {self.stripe} does not answer: {error}") from None

    def rows(self, context: str, sql: str, *values: str) -> list[Row]:
        """Reads a context's database."""
        with Database(self._databases[context]) as database:
            return database.rows(sql, *values)


def until(look: Callable[[], Seen | None], what: str, seconds: float) -> Seen:
    """Waits for something, with a limit, and gives it back."""
    limit = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > limit:
            raise Problem(f"{what}: did not happen in {seconds:.0f} s")
        time.sleep(0.1)
