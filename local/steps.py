"""Progress on the terminal: one line a step, with its time."""

import sys
import time
from contextlib import contextmanager
from typing import Iterator

_started = time.monotonic()


@contextmanager
def step(what: str) -> Iterator[list[str]]:
    """Says what is being done and, after it, how long it took. Words put in the list are shown behind it."""
    began = time.monotonic()
    live = sys.stdout.isatty()
    if live:
        print(f"  ...   {what}", end="\r", flush=True)
    notes: list[str] = []
    try:
        yield notes
    except BaseException:
        print(f"  FAILED {what} ({time.monotonic() - began:.1f} s)", flush=True)
        raise
    shown = f"{what}: {', '.join(notes)}" if notes else what
    print(f"{time.monotonic() - began:6.1f} s  {shown}" + (" " * 20 if live else ""), flush=True)


def total() -> str:
    """Time since the program began."""
    return f"{time.monotonic() - _started:.1f} s"


def say(line: str = "") -> None:
    """A line of its own."""
    print(line, flush=True)
