"""The first steps: three people, of whom one becomes a tutor whom students find."""

import random
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from .. import documents
from ..demo_people import CODE
from ..problem import Problem
from .scene import PATIENCE, Person, Scene, query
from .world import Answer, until

# Before which a cancellation costs, and some more: no lesson of the demo begins earlier.
_FIRST_SLOT = timedelta(hours=49)
_SYLLABLES = ("ba", "de", "fi", "go", "ka", "lu", "me", "no", "pi", "ra", "se", "ti", "vo", "za")


@dataclass
class Cast:
    """Who takes part, and the hours that the tutor has free."""

    tutor: Person
    first: Person
    second: Person
    admin: Person
    surname: str
    free: list[str] = field(default_factory=list)

    def next_start(self) -> str:
        """The beginning of an hour that no other lesson of the demo takes."""
        if not self.free:
            raise Problem("the tutor has no free hour left for the demo")
        return self.free.pop(0)


def cast(scene: Scene) -> Cast:
    """New people with addresses that nobody had before, and the admin who is there already."""
    admin = next((each for each in scene.world.accounts if each["role"] == "admin"), None)
    if admin is None:
        raise Problem(f"there is no admin in {scene.world.name}")
    # Said by people and found by the search: a name that only this run has.
    surname = "".join(random.choices(_SYLLABLES, k=4)).capitalize()
    stamp = uuid.uuid4().hex[:10]

    def person(name: str, role: str) -> Person:
        return Person(name, role, f"{name.lower()}.{stamp}@demo.example", f"{uuid.uuid4()}")

    return Cast(
        tutor=person("Nadia", "tutor"),
        first=person("Ruth", "student"),
        second=person("Leo", "student"),
        admin=Person("the admin", "admin", admin["email"], admin["password"]),
        surname=surname,
    )


def people_register(scene: Scene, who: Cast) -> None:
    """Registration, the mailed code, sign-in."""
    for person in (who.tutor, who.first, who.second):
        scene.screen.told(f"{person.name} registers as a {person.role}, confirms the mailed code and signs in.")
        _register(scene, person, who.surname)
        scene.events([("user", person.id)], "user.registered", "user.verified", "user.activated")
    scene.screen.told("The admin was here before; admins are made by an operator and not by a route.")
    _sign_in(scene, who.admin)


def _register(scene: Scene, person: Person, surname: str) -> None:
    body = {
        "email": person.email,
        "password": person.password,
        "firstName": person.name,
        "lastName": surname,
        "dateOfBirth": "1991-04-23",
        "role": person.role,
        "timeZone": "Europe/Lisbon",
    }
    scene.call(None, "POST", "/v1/auth/register", body, expect=202, show=("message",))
    scene.call(None, "POST", "/v1/auth/confirm", {"email": person.email, "code": CODE})
    _sign_in(scene, person)


def _sign_in(scene: Scene, person: Person) -> None:
    body = {"email": person.email, "password": person.password}
    said = scene.call(None, "POST", "/v1/auth/login", body, show=("tokenType", "expiresIn", "accessToken"))
    person.token = said["accessToken"]
    me = scene.call(person, "GET", "/v1/users/me", show=("userId", "email", "role", "status"))
    person.id = me["userId"]
    scene.people[person.id] = person.name
    if me["role"] != person.role:
        raise Problem(f"{person.name} registered as a {person.role} and is a {me['role']}")


def tutor_opens(scene: Scene, who: Cast) -> None:
    """Profile, hours, documents, verification, approval, an account at Stripe."""
    tutor = who.tutor
    scene.screen.told("Nadia writes her profile, publishes her hours, hands in her papers and asks to be verified.")
    scene.call(tutor, "PUT", "/v1/tutors/me", _profile(who.surname), show=("tutorId", "displayName", "hourlyRate"))
    scene.call(tutor, "PUT", "/v1/tutors/me/availability", _hours(), show=("availability.weekly", "availability.horizonDays"))
    for kind in documents.KINDS:
        _hand_in(scene, tutor, kind)
    asked = scene.call(tutor, "POST", "/v1/tutors/me/verification", {}, expect=201, show=("verificationId", "status"))
    mine = [("tutor", tutor.id)]
    scene.events(mine, "tutor.profile_created", "tutor.availability_changed", "tutor.verification_submitted")
    scene.screen.told("Not verified yet, she is not found. An admin approves her.")
    found = scene.call(None, "GET", query("/v1/tutors", q=who.surname), show=("items",))
    if found["items"]:
        raise Problem("a tutor who is not approved is found")
    _approve(scene, who, asked["verificationId"])
    scene.events(mine, "tutor.approved")
    scene.screen.told("The approval opened an account for her at Stripe. She tells Stripe who she is.")
    _onboard(scene, tutor)
    scene.events([("payout_account", tutor.id)], "payout_account.ready")


def _hand_in(scene: Scene, tutor: Person, kind: str) -> None:
    """The file goes straight to S3, by a form that the announcement is answered with."""
    file = documents.pdf(f"{kind} {uuid.uuid4()}")
    wanted = documents.announcement(kind, file)
    show = ("documentId", "status", "upload.expiresAt")
    announced = scene.call(tutor, "POST", documents.PATH, wanted, expect=201, show=show)
    began = time.monotonic()
    status = documents.send(announced["upload"], file)
    scene.answered("s3", "POST the form with the file", Answer(status, {}, time.monotonic() - began), expect=status)
    document = announced["documentId"]
    scene.poll(tutor, documents.PATH, lambda listed: documents.stands(listed, document), f"her {kind} document is looked through")


def _approve(scene: Scene, who: Cast, verification: str) -> None:
    listed = scene.call(who.admin, "GET", "/v1/admin/verifications", show=("items", "total"))
    if verification not in str(listed["items"]) and not _has_more(listed):
        raise Problem(f"the verification {verification} is not in the admin's list")
    path = f"/v1/admin/verifications/{verification}"
    scene.call(who.admin, "POST", f"{path}/claim", {}, show=("status", "claim.until"))
    scene.call(who.admin, "GET", path, show=("profile.displayName", "documents"))
    approve = f"{path}/approve"
    scene.call(who.admin, "POST", approve, {"reason": "Papers seen"}, show=("status", "decision.reason"))


def _has_more(listed: dict[str, Any]) -> bool:
    return bool(listed.get("nextCursor") or listed.get("hasNext"))


def _onboard(scene: Scene, tutor: Person) -> None:
    path = "/_stand_in/accounts/complete_onboarding"

    def look() -> Answer | None:
        answer = scene.world.call_stripe("POST", path, {"tutor_id": tutor.id}, key=False)
        return None if answer.status == 404 else answer

    answer = until(look, "Nadia has an account at Stripe", PATIENCE)
    scene.answered("stripe", f"POST {path}", answer, ("id", "payouts_enabled"))


def _profile(surname: str) -> dict[str, Any]:
    return {
        "displayName": f"Nadia {surname}",
        # Students see and search a surname's initial alone; the school has a name that can be found.
        "headline": f"Algebra at {surname} House, one honest step at a time",
        "bio": "I teach algebra with paper, pencil and patience, and I have never met a person who could not learn it.",
        "timeZone": "Europe/Lisbon",
        "country": "PT",
        "languages": [{"language": "en", "level": "fluent"}],
        "subjects": [{"subject": "algebra", "levels": ["school"], "yearsOfExperience": 6}],
        "hourlyRate": {"amount": 5250, "currency": "USD"},
    }


def _hours() -> dict[str, Any]:
    week = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    return {
        "weekly": [{"weekday": day, "from": "08:00", "to": "20:00"} for day in week],
        "bufferBeforeMinutes": 0,
        "bufferAfterMinutes": 0,
        "minimumNoticeMinutes": 60,
        "horizonDays": 30,
        "lessonMinutes": [30, 60],
    }


def student_finds(scene: Scene, who: Cast) -> None:
    """The search, the tutor's page, the slots."""
    scene.screen.told("Ruth looks for an algebra tutor and finds Nadia.")
    path = query("/v1/tutors", subject="algebra", q=who.surname)
    found = scene.call(who.first, "GET", path, show=("items",))["items"]
    if [each["tutorId"] for each in found] != [who.tutor.id]:
        raise Problem(f"the search for {who.surname} found {[each['displayName'] for each in found]}")
    scene.call(who.first, "GET", f"/v1/tutors/{who.tutor.id}", show=("displayName", "headline", "hourlyRate"))
    begins = datetime.now(UTC) + _FIRST_SLOT
    span = {"from": _text(begins), "to": _text(begins + timedelta(days=3)), "minutes": 60}
    path = query(f"/v1/tutors/{who.tutor.id}/slots", **span)
    slots = scene.call(who.first, "GET", path, show=("items", "price", "timeZone"))["items"]
    who.free = [each["start"] for each in slots if each["start"].endswith(":00:00Z")]
    scene.screen.labelled("", [f"the first hours: {', '.join(start[:16].replace('T', ' ') for start in who.free[:3])} UTC"])


def _text(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
