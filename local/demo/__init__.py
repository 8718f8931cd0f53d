"""`make demo`: the main journey on a running platform over HTTP, each step with its traces, and a reckoning."""

from pathlib import Path
from typing import Callable

from ..problem import Problem
from .beginnings import Cast, cast, people_register, student_finds, tutor_opens
from .lessons import cancelled_lesson, declined_card, forget_to_pay, hold_runs_out, paid_lesson, race
from .reckoning import reckon
from .scene import Lesson, Scene
from .screen import Screen
from .world import World

Step = tuple[str, Callable[[Scene, Cast], object]]
# Without these there is nothing to tell.
_FIRST: list[Step] = [
    ("Three people register and sign in", people_register),
    ("Nadia becomes a tutor", tutor_opens),
    ("Ruth finds her", student_finds),
]
# Each stands for itself.
_LESSONS: list[Step] = [
    ("A lesson, from the booking to the tutor's money", paid_lesson),
    ("A declined card", declined_card),
    ("A cancellation, refunded in full", cancelled_lesson),
    ("Two students, one slot", race),
]


class Demo:
    """One run."""

    def __init__(self, endpoints: Path) -> None:
        self._screen = Screen()
        self._scene = Scene(World(endpoints), self._screen)
        self._told: list[tuple[str, float, str]] = []

    def run(self, quick: bool) -> int:
        """Tells every step. 1 if anything was off."""
        self._screen.line(f"Lectern's main journey, on the platform of {self._scene.world.name}", "bold")
        self._screen.line("api: our answers. events: from the event store. saga: states, with seconds since it began.", "dim")
        self._screen.line("ledger: of that payment; a debit is positive, a credit (what is owed or earned) negative.", "dim")
        who = cast(self._scene)
        if all(self._tell(title, step, who) for title, step in _FIRST):
            self._tell_lessons(who, quick)
        wrong = self._reckon()
        return self._sum_up(wrong)

    def _tell_lessons(self, who: Cast, quick: bool) -> None:
        forgotten: list[Lesson] = []
        if not quick:
            self._tell("A hold that nobody pays for: its beginning", lambda *it: forgotten.append(forget_to_pay(*it)), who)
        for title, step in _LESSONS:
            self._tell(title, step, who)
        for lesson in forgotten:
            self._tell("A hold that nobody pays for: its end", lambda *it: hold_runs_out(*it, lesson), who)

    def _tell(self, title: str, step: Callable[[Scene, Cast], object], who: Cast) -> bool:
        self._screen.title(f"{len(self._told) + 1}. {title}")
        began, wrong = self._screen.seconds(), ""
        try:
            step(self._scene, who)
        except Problem as problem:
            wrong = str(problem)
        except KeyError as missing:
            wrong = f"an answer has no {missing}"
        if wrong:
            self._screen.wrapped("OFF", wrong, "red")
        self._told.append((title, self._screen.seconds() - began, wrong))
        return not wrong

    def _reckon(self) -> list[str]:
        title = "The reckoning"
        self._screen.title(f"{len(self._told) + 1}. {title}")
        began = self._screen.seconds()
        wrong = reckon(self._scene)
        for each in wrong:
            self._screen.wrapped("OFF", each, "red")
        self._told.append((title, self._screen.seconds() - began, f"{len(wrong)} things" if wrong else ""))
        return [f"{title}: {each}" for title, _, each in self._told[:-1] if each] + wrong

    def _sum_up(self, wrong: list[str]) -> int:
        screen = self._screen
        screen.title("Summary")
        for number, (title, seconds, off) in enumerate(self._told, 1):
            screen.line(f"  {'OFF' if off else 'ok ':<4} {f'{number}. {title}':<75} {seconds:9.1f} s", "red" if off else "")
        scene = self._scene
        screen.line()
        if wrong:
            screen.line(f"{len(wrong)} off:", "red")
            for each in wrong:
                screen.wrapped("-", each, "red")
            return 1
        screen.line("Everything is as it should be: no slot held, no saga running, ledger and Stripe agree.", "green")
        screen.line(f"{len(scene.lessons)} lessons, {len(scene.events_shown)} events, {screen.seconds():.1f} s.", "green")
        return 0


def run(endpoints: Path, quick: bool = False) -> int:
    """Runs the demo. 1 if anything was off."""
    try:
        World(endpoints).call("GET", "/health")
    except Problem as problem:
        raise Problem(f"the platform of {endpoints} does not run ({problem}): `make dev` starts it") from None
    return Demo(endpoints).run(quick)
