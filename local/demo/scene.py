"""Does what a step of the demo does, and shows each thing as it happens."""

import urllib.parse
from dataclasses import dataclass, field
from typing import Any, Callable, Iterable

from ..problem import Problem
from . import traces
from .screen import Screen, money, shown
from .world import Answer, World, until

# Until an event has gone through outbox, bus and queue, or a step of a saga is done. Normally well under a second.
PATIENCE = 20


@dataclass
class Person:
    """Somebody who calls."""

    name: str
    role: str
    email: str
    password: str
    token: str = ""
    id: str = ""


@dataclass
class Lesson:
    """A lesson that the demo made, and what was already shown of it."""

    id: str
    start: str
    payment: str = ""
    secret: str = ""
    states_shown: int = 0
    entries_shown: int = 0

    def aggregates(self) -> list[tuple[str, str]]:
        """Whose events are its."""
        return [("lesson", self.id), *([("payment", self.payment)] if self.payment else [])]


@dataclass
class Scene:
    """The one teller of all steps."""

    world: World
    screen: Screen
    lessons: list[Lesson] = field(default_factory=list)
    people: dict[str, str] = field(default_factory=dict)
    events_shown: set[str] = field(default_factory=set)

    def call(
        self,
        who: Person | None,
        method: str,
        path: str,
        body: Any = None,
        *,
        expect: int = 200,
        show: Iterable[str] = (),
    ) -> dict[str, Any]:
        """One call of our API. Another status than the expected one ends the step."""
        answer = self.world.call(method, path, body, who.token if who else None)
        self.answered("api", f"{method} {path}", answer, show, expect)
        return answer.data

    def answered(self, label: str, what: str, answer: Answer, show: Iterable[str] = (), expect: int = 200) -> None:
        """Shows an answer, and refuses one of another status."""
        good = answer.status == expect
        fields = show if good else ("type", "title", "detail", "error.message")
        self.screen.call(label, what, answer.status, answer.seconds, shown(answer.data, fields))
        if not good:
            raise Problem(f"{what} answered {answer.status} instead of {expect}: {shown(answer.data, fields)}")

    def poll(
        self,
        who: Person | None,
        path: str,
        ready: Callable[[dict[str, Any]], Any],
        what: str,
        *,
        show: Iterable[str] = (),
        seconds: float = PATIENCE,
    ) -> dict[str, Any]:
        """Reads again and again until it is as wanted; only that answer is shown."""
        last: list[Answer] = []

        def look() -> Answer | None:
            last[:] = [self.world.call("GET", path, None, who.token if who else None)]
            return last[0] if last[0].status == 200 and ready(last[0].data) else None

        try:
            answer = until(look, what, seconds)
        except Problem as problem:
            raise Problem(f"{problem}; the last answer: {last[0].status} {shown(last[0].data, show)}") from None
        self.answered("api", f"GET {path}", answer, show)
        return answer.data

    def events(self, aggregates: list[tuple[str, str]], *wanted: str) -> None:
        """Waits for events, and shows those that were not shown yet."""

        def look() -> list[traces.Event] | None:
            found = [event for kind, identifier in aggregates for event in traces.events(self.world, kind, identifier)]
            missing[:] = [kind for kind in wanted if kind not in {event.kind for event in found}]
            return None if missing else found

        missing: list[str] = []
        try:
            found = until(look, "the event store has every event", PATIENCE)
        except Problem:
            raise Problem(f"not in the event store after {PATIENCE} s: {', '.join(missing)}") from None
        fresh = [event for event in found if event.id not in self.events_shown]
        self.events_shown.update(event.id for event in fresh)
        fresh.sort(key=lambda event: (event.occurred_at, event.aggregate, event.sequence))
        for label, event in zip(["events", *[""] * len(fresh)], fresh):
            self._show_event(label, event)
        self._check_sequences(found)

    def _show_event(self, label: str, event: traces.Event) -> None:
        kind, _, identifier = event.actor.partition(":")
        actor = self.people.get(identifier, identifier or kind)
        said = event.interesting()
        head = f"{event.time}  {f'{event.kind} #{event.sequence}':<31} by {actor:<17}"
        self.screen.event(label, head, shown(said, said))

    def _check_sequences(self, events: list[traces.Event]) -> None:
        for aggregate in {event.aggregate for event in events}:
            numbers = sorted(event.sequence for event in events if event.aggregate == aggregate)
            # An aggregate that changes without telling leaves a gap; two events with one number are always wrong.
            if len(set(numbers)) != len(numbers):
                raise Problem(f"two events of one {aggregate} have the same sequence: {numbers}")

    def saga(self, lesson: Lesson, *through: str, closes: bool = False, seconds: float = PATIENCE) -> None:
        """Waits until a lesson's saga has passed some states (and has ended), and shows the way since the last look."""
        last: list[traces.Saga] = []

        def look() -> traces.Saga | None:
            now = traces.saga(self.world, lesson.id)
            last[:] = [now] if now else []
            ended = now is not None and now.status != "RUNNING"
            return now if now and (ended or (now.has_passed(through) and not closes)) else None

        what = f"the saga of lesson {lesson.id} {'ends' if closes else 'is at ' + ', '.join(through)}"
        try:
            found = until(look, what, seconds)
        except Problem as problem:
            raise Problem(f"{problem}; it is at {last[0].names()[-1:] if last else 'no state'}") from None
        self._show_saga(lesson, found)
        if found.status not in (("SUCCEEDED",) if closes else ("RUNNING", "SUCCEEDED")):
            raise Problem(f"the saga of lesson {lesson.id} is {found.status}: {found.because}")
        if not found.has_passed(through):
            raise Problem(f"the saga of lesson {lesson.id} went {found.names()} and not through {through}")

    def _show_saga(self, lesson: Lesson, found: traces.Saga) -> None:
        way = " > ".join(f"{name} +{after:.1f}s" for name, after in found.states[lesson.states_shown :])
        before = ".. > " if lesson.states_shown else ""
        lesson.states_shown = len(found.states)
        end = "waits" if found.status == "RUNNING" else f"{found.status} after {found.seconds:.1f} s"
        self.screen.wrapped("saga", f"{before}{way}: {end}")

    def ledger(self, lesson: Lesson, *wanted: str) -> list[traces.Entry]:
        """Waits for kinds of transactions of a lesson's payment, and shows the payment's part of the ledger."""

        def look() -> list[traces.Entry] | None:
            entries = traces.entries_of(self.world, lesson.payment)
            missing[:] = [kind for kind in wanted if kind not in {entry.kind for entry in entries}]
            return None if missing else entries or [nothing]

        missing: list[str] = []
        nothing = traces.Entry("", "", "", "", "", 0)
        try:
            entries = until(look, "the ledger has every entry", PATIENCE)
        except Problem:
            raise Problem(f"not in the ledger after {PATIENCE} s: {', '.join(missing)}") from None
        if entries == [nothing]:
            self.screen.labelled("ledger", ["no entries: no money has moved"])
            return []
        if len(entries) != lesson.entries_shown:
            self._show_ledger(entries)
            lesson.entries_shown = len(entries)
        return entries

    def _show_ledger(self, entries: list[traces.Entry]) -> None:
        used = {entry.group for entry in entries}
        groups = [group for group in traces.ACCOUNTS if group in used]
        transactions = dict.fromkeys(entry.transaction for entry in entries)
        rows = []
        for transaction in transactions:
            mine = [entry for entry in entries if entry.transaction == transaction]
            rows.append([f"{mine[0].time} {mine[0].kind}", *_sums(mine, groups, "."), money(sum(e.amount for e in mine))])
        rows.append(["balance", *_sums(entries, groups, "0.00"), money(sum(e.amount for e in entries))])
        heads = [entries[0].currency, *(traces.ACCOUNTS[group] for group in groups), "sum"]
        self.screen.table("ledger", heads, rows, last_is_sum=True)

    def stripe(self, path: str, form: dict[str, str], *, expect: int = 200, show: Iterable[str] = ()) -> None:
        """What a browser does at the stand-in for Stripe."""
        answer = self.world.call_stripe("POST", path, form)
        self.answered("stripe", f"POST {path}", answer, show, expect)
        if expect >= 400:
            self.screen.wrapped("", f"as it should be: the card is {form['payment_method']}", "dim")


def _sums(entries: list[traces.Entry], groups: list[str], empty: str) -> list[str]:
    sums = []
    for group in groups:
        mine = [entry.amount for entry in entries if entry.group == group]
        sums.append(money(sum(mine)) if mine else empty)
    return sums


def query(path: str, **parameters: str | int) -> str:
    """A path with a query string."""
    return f"{path}?{urllib.parse.urlencode(parameters, safe=':')}"
