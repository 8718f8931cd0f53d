"""What the demo prints: 100 columns, in colour on a terminal only."""

import os
import sys
import textwrap
import time
from typing import Any, Iterable

WIDTH = 100
_LABEL = 10
# Keeps words together when lines are broken.
_GLUE = "\u00a0"
_COLOURS = {"bold": "1", "dim": "2", "red": "31", "green": "32", "cyan": "36"}


class Screen:
    """Lines with a label before them: api, events, saga, ledger."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._colours = sys.stdout.isatty() and not os.environ.get("NO_COLOR")

    def seconds(self) -> float:
        """Since the demo began."""
        return time.monotonic() - self._began

    def line(self, text: str = "", colour: str = "") -> None:
        """A line as it is."""
        text = text.replace(_GLUE, " ").rstrip()
        if colour and self._colours:
            text = f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"
        print(text, flush=True)

    def title(self, text: str) -> None:
        """The beginning of a step."""
        self.line()
        self.line(f"{text} {f'at {self.seconds():.1f} s':>{WIDTH - len(text) - 1}}", "bold")

    def told(self, text: str) -> None:
        """What happens, in words."""
        self.line()
        for each in textwrap.wrap(text, WIDTH - 2, break_on_hyphens=False):
            self.line(f"  {each}", "cyan")

    def labelled(self, label: str, lines: Iterable[str], colour: str = "") -> None:
        """Lines, the first of which has a label."""
        for line in lines:
            self.line(f"  {label:<{_LABEL - 2}}{line}", colour)
            label = ""

    def wrapped(self, label: str, text: str, colour: str = "") -> None:
        """A text of any length behind a label."""
        self.labelled(label, _wrap(text, WIDTH - _LABEL), colour)

    def call(self, label: str, what: str, status: int, seconds: float, shown: str = "") -> None:
        """A call over HTTP and its answer."""
        end = f"{status}  {seconds * 1000:5.0f} ms"
        room = WIDTH - _LABEL - len(end) - 1
        path, _, query = what.partition("?")
        if len(what) <= room:
            path, query = what, ""
        self.labelled(label, [f"{path:<{room}} {end}", *([f"    ?{query}"] if query else [])])
        if shown:
            self.wrapped("", shown, "dim")

    def event(self, label: str, head: str, said: str) -> None:
        """An event; what it says stands behind it if there is room."""
        one = f"{head} {said}".rstrip()
        self.labelled(label, [one if len(one) <= WIDTH - _LABEL else head])
        if len(one) > WIDTH - _LABEL:
            self.labelled("", [f"{'':<14}{each}" for each in _wrap(said, WIDTH - _LABEL - 14)], "dim")

    def table(self, label: str, heads: list[str], rows: list[list[str]], last_is_sum: bool = False) -> None:
        """Columns: the first to the left, the others, numbers, to the right."""
        for line in table(heads, rows, last_is_sum):
            self.labelled(label, [line])
            label = ""


def _wrap(text: str, width: int) -> list[str]:
    """Lines of a text. One field of an answer is not broken, unless it is long."""
    return textwrap.wrap(text, width, break_on_hyphens=False)


def table(heads: list[str], rows: list[list[str]], last_is_sum: bool = False) -> list[str]:
    """The lines of a table."""
    widths = [max(len(cell) for cell in column) for column in zip(heads, *rows, strict=True)]

    def line(cells: list[str]) -> str:
        numbers = [f"{cell:>{width}}" for cell, width in zip(cells[1:], widths[1:], strict=True)]
        return "   ".join([f"{cells[0]:<{widths[0]}}", *numbers]).rstrip()

    lines = [line(heads), *(line(row) for row in rows)]
    if last_is_sum:
        lines.insert(-1, "-" * max(len(each) for each in lines))
    return lines


def money(minor: int) -> str:
    """Minor units as people write them; every currency of ours has two decimals."""
    return f"{'-' if minor < 0 else ''}{abs(minor) // 100}.{abs(minor) % 100:02}"


def shown(data: Any, names: Iterable[str]) -> str:
    """Some fields of an answer, by their paths: `status: held, amount: 45.00 USD`."""
    found = ((name, _at(data, name)) for name in names)
    return ", ".join(_field(name.rpartition(".")[2], value) for name, value in found if value is not None)


def _field(name: str, value: Any) -> str:
    text = f"{name}: {_value(value)}"
    return text.replace(" ", _GLUE) if len(text) < 60 else text


def _at(data: Any, path: str) -> Any:
    for name in path.split("."):
        data = data.get(name) if isinstance(data, dict) else None
    return data


def _value(value: Any) -> str:
    if isinstance(value, dict) and set(value) == {"amount", "currency"}:
        return f"{money(value['amount'])} {value['currency']}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_value(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list) and len(value) == 1 and not (isinstance(value[0], dict) and len(value[0]) > 4):
        return _value(value[0])
    if isinstance(value, list):
        return f"{len(value)} of them"
    text = str(value)
    # A token or a secret: nobody reads it.
    return text if len(text) <= 48 or " " in text else f"{text[:24]}.."
