"""Demo people, made through the API as anybody would be, and only once: who can sign in is there already."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass
from typing import Any

from . import documents
from .aws import Aws
from .problem import Problem
from .settings import STAGE

# The emulator's code for every sign-up.
CODE = "123456"
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class Person:
    """One demo person. The passwords are known to everybody: they open nothing but this machine's copy."""

    email: str
    password: str
    role: str
    first_name: str
    last_name: str
    born: str = "1990-05-17"
    time_zone: str = "Europe/London"

    def account(self) -> dict[str, str]:
        """As it is shown in endpoints.json."""
        return {"email": self.email, "password": self.password, "role": self.role}


PEOPLE = (
    Person("superadmin@lectern.example", "the-owls-are-not-what-they-seem", "superadmin", "Sofia", "Superadmin"),
    Person("admin@lectern.example", "a-quiet-library-at-noon", "admin", "Adam", "Admin"),
    Person("stella@lectern.example", "seven-green-pencils", "student", "Stella", "Student"),
    Person("sam@lectern.example", "chalk-dust-and-sunlight", "student", "Sam", "Scholar", time_zone="America/New_York"),
    Person("tara@lectern.example", "parallel-lines-do-meet", "tutor", "Tara", "Tutor"),
    Person("tomas@lectern.example", "an-orchard-of-verbs", "tutor", "Tomas", "Teacher", time_zone="Europe/Prague"),
)

_PROFILES: dict[str, dict[str, Any]] = {
    "tara@lectern.example": {
        "displayName": "Tara T.",
        "headline": "Algebra and geometry without fear",
        "bio": "I have taught mathematics for eight years, and still draw a picture before I write an equation.",
        "timeZone": "Europe/London",
        "country": "GB",
        "languages": [{"language": "en", "level": "native"}],
        "subjects": [{"subject": "algebra", "levels": ["school"], "yearsOfExperience": 8}],
        "hourlyRate": {"amount": 4500, "currency": "USD"},
    },
    "tomas@lectern.example": {
        "displayName": "Tomas T.",
        "headline": "Python by experiment",
        "bio": "An engineer who teaches in the evenings: bring a problem, and we will build something that solves it.",
        "timeZone": "Europe/Prague",
        "country": "CZ",
        "languages": [{"language": "cs", "level": "native"}, {"language": "en", "level": "fluent"}],
        "subjects": [{"subject": "python", "levels": ["school"], "yearsOfExperience": 5}],
        "hourlyRate": {"amount": 3000, "currency": "USD"},
    },
}

_HOURS = {
    "weekly": [{"weekday": day, "from": "00:00", "to": "24:00"} for day in _WEEK],
    "bufferBeforeMinutes": 0,
    "bufferAfterMinutes": 0,
    "minimumNoticeMinutes": 0,
    "horizonDays": 60,
    "lessonMinutes": [30, 60],
}


class Api:
    """Calls to our own API."""

    def __init__(self, base: str) -> None:
        self._base = base

    def call(self, method: str, path: str, body: Any = None, token: str | None = None) -> tuple[int, dict[str, Any]]:
        """The status and the JSON of an answer, whatever it is."""
        headers = {"Content-Type": "application/json"}
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._base + path, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, _read(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, _read(error.read())

    def must(self, method: str, path: str, body: Any = None, token: str | None = None) -> dict[str, Any]:
        """The data of an answer, which has to be a success."""
        status, answer = self.call(method, path, body, token)
        if status >= 300:
            raise Problem(f"{method} {path} answered {status}: {json.dumps(answer)}")
        return answer.get("data", answer)

    def token(self, person: Person) -> str | None:
        """Signs in; None if there is no such account yet."""
        status, answer = self.call("POST", "/v1/auth/login", {"email": person.email, "password": person.password})
        return answer["data"]["accessToken"] if status == 200 else None


def _read(body: bytes) -> dict[str, Any]:
    try:
        read = json.loads(body or b"{}")
    except ValueError:
        return {"text": body.decode(errors="replace")}
    return read if isinstance(read, dict) else {"data": read}


def make(person: Person, api: Api, aws: Aws) -> None:
    """Makes one account that can sign in."""
    if api.token(person):
        return
    if person.role in ("admin", "superadmin"):
        event = {
            "email": person.email,
            "password": person.password,
            "firstName": person.first_name,
            "lastName": person.last_name,
            "role": person.role,
        }
        aws.invoke(f"lectern-{STAGE}-create-staff-user", event)
    else:
        body = {
            "email": person.email,
            "password": person.password,
            "firstName": person.first_name,
            "lastName": person.last_name,
            "dateOfBirth": person.born,
            "role": person.role,
            "timeZone": person.time_zone,
        }
        api.must("POST", "/v1/auth/register", body)
        api.must("POST", "/v1/auth/confirm", {"email": person.email, "code": CODE})
    if not api.token(person):
        raise Problem(f"{person.email} was made but cannot sign in")


def make_teach(person: Person, api: Api, stripe: str | None) -> None:
    """Gives a tutor a profile, hours, documents, an approval by the demo admin and an account at Stripe: what is missing of it."""
    token = _token(person, api)
    status, found = api.call("GET", "/v1/tutors/me", token=token)
    # Without a profile there is nothing, or what is missing for one.
    begun = status == 200 and "displayName" in found["data"]
    me = found["data"] if begun else api.must("PUT", "/v1/tutors/me", _PROFILES[person.email], token)
    if "availability" not in me:
        api.must("PUT", "/v1/tutors/me/availability", _HOURS, token)
    verification = me["verification"]
    if verification["status"] == "draft":
        documents.hand_in_missing(lambda method, path, body: api.must(method, path, body, token))
        verification = api.must("POST", "/v1/tutors/me/verification", {}, token)
    if verification["status"] == "submitted":
        admin = next(each for each in PEOPLE if each.role == "admin")
        approve = f"/v1/admin/verifications/{verification['verificationId']}/approve"
        api.must("POST", approve, {"reason": "Demo tutor"}, _token(admin, api))
    if stripe is not None:
        _complete_onboarding(stripe, me["tutorId"])


def _token(person: Person, api: Api) -> str:
    token = api.token(person)
    if token is None:
        raise Problem(f"{person.email} cannot sign in")
    return token


def _complete_onboarding(stripe: str, tutor_id: str, seconds: float = 60) -> None:
    """The account is opened by an event, a moment after the approval."""
    body = urllib.parse.urlencode({"tutor_id": tutor_id}).encode()
    limit = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(f"{stripe}/_stand_in/accounts/complete_onboarding", data=body, timeout=10):
                return
        except urllib.error.HTTPError as error:
            if error.code != 404 or time.monotonic() > limit:
                raise Problem(
                    f"the tutor {tutor_id} has no account at Stripe ({error.code}): "
                    "is the event tutor.approved consumed? See `make logs`."
                ) from None
        time.sleep(0.2)
