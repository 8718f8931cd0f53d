"""Long-running processes: started in a session of their own, known by pid files, stopped by pid.

A pid file holds the process's start time too, because a pid alone is reused: after a restart of the machine the
same number is somebody else's.
"""

import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from .problem import Problem
from .settings import Settings


@dataclass(frozen=True)
class Owner:
    """Whom a process runs as, if not as ourselves."""

    user: int
    group: int


@dataclass(frozen=True)
class _Entry:
    """What the operating system says of one process."""

    state: str
    group: int
    started: str


def _entry(pid: int) -> _Entry | None:
    try:
        # The name may hold spaces and brackets: what is wanted stands behind its last bracket.
        after = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return _Entry(after[0], int(after[2]), after[19])
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return None
    except ProcessLookupError:
        return None
    asked = subprocess.run(
        ["ps", "-o", "state=,pgid=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.split(None, 2)
    return _Entry(asked[0][0], int(asked[1]), asked[2].strip()) if len(asked) == 3 else None


def _group_members(group: int) -> list[int]:
    """Live processes of a process group: the children that a killed parent left behind."""
    if not Path("/proc/self/stat").exists():
        listed = subprocess.run(["ps", "-axo", "pid=,pgid="], capture_output=True, text=True, check=False).stdout
        pairs = (line.split() for line in listed.splitlines())
        return [int(pid) for pid, its_group in pairs if int(its_group) == group]
    members = []
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            entry = _entry(int(path.name))
            if entry and entry.group == group and entry.state != "Z":
                members.append(int(path.name))
    return members


class Processes:
    """The processes of one copy of the platform."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self.started: list[str] = []

    def _pid_file(self, name: str) -> Path:
        return self._settings.run / f"{name}.json"

    def log(self, name: str) -> Path:
        """Where a process writes."""
        return self._settings.logs / f"{name}.log"

    def _recorded(self, name: str) -> dict[str, str] | None:
        try:
            return json.loads(self._pid_file(name).read_text())
        except (FileNotFoundError, ValueError):
            return None

    def pid(self, name: str) -> int | None:
        """The process's pid, if it runs."""
        child = self._children.get(name)
        if child is not None:
            # Reaps it if it is dead: a zombie would look alive for ever.
            child.poll()
        recorded = self._recorded(name)
        if recorded is None:
            return None
        entry = _entry(int(recorded["pid"]))
        alive = entry and entry.state != "Z" and entry.started == recorded["started"]
        return int(recorded["pid"]) if alive else None

    def command(self, name: str) -> str:
        """The command line it was started with, to see whether it would be another today."""
        return (self._recorded(name) or {}).get("command", "")

    def start(
        self, name: str, argv: list[str], environment: dict[str, str], owner: Owner | None = None
    ) -> None:
        """Starts it in its own session, so that Ctrl-C here does not reach it."""
        self._settings.run.mkdir(parents=True, exist_ok=True)
        self._settings.logs.mkdir(parents=True, exist_ok=True)
        self.end_leftovers(name)
        with open(self.log(name), "ab") as log:
            child = subprocess.Popen(
                argv,
                env=environment,
                cwd=self._settings.state,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=owner.user if owner else None,
                group=owner.group if owner else None,
                extra_groups=[] if owner else None,
            )
        self._children[name] = child
        self.started.append(name)
        entry = _entry(child.pid)
        record = {"pid": str(child.pid), "started": entry.started if entry else "", "command": "\0".join(argv)}
        partial = self._pid_file(name).with_suffix(".partial")
        partial.write_text(json.dumps(record))
        partial.replace(self._pid_file(name))

    def wait_until(self, name: str, ready: Callable[[], bool], seconds: float = 30) -> None:
        """Waits until it serves; a process that dies instead is shown with the end of its log."""
        limit = time.monotonic() + seconds
        while not ready():
            if self.pid(name) is None:
                raise Problem(f"{name} ended instead of starting. The end of {self.log(name)}:\n{self.log_end(name)}")
            if time.monotonic() > limit:
                raise Problem(
                    f"{name} runs but does not answer after {seconds:.0f} s. "
                    f"The end of {self.log(name)}:\n{self.log_end(name)}"
                )
            time.sleep(0.05)

    def log_end(self, name: str, lines: int = 15) -> str:
        """The last lines that it wrote."""
        try:
            written = self.log(name).read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return "(empty)"
        return "\n".join("    " + line for line in written[-lines:])

    def stop(self, name: str, with_signal: signal.Signals = signal.SIGTERM, seconds: float = 15) -> bool:
        """Asks it to end, waits, and kills it if it does not. False if it did not run."""
        pid = self.pid(name)
        if pid is not None:
            _signal(pid, with_signal)
            limit = time.monotonic() + seconds
            while self.pid(name) is not None:
                if time.monotonic() > limit:
                    _signal(pid, signal.SIGKILL)
                    limit = float("inf")
                time.sleep(0.02)
        self.end_leftovers(name)
        self._pid_file(name).unlink(missing_ok=True)
        return pid is not None

    def end_leftovers(self, name: str) -> None:
        """Ends children of a process that is gone (kill -9 of the emulator leaves its functions).

        Only members of the group that we made: a group's number is not given to anybody else while it has members.
        """
        recorded = self._recorded(name)
        if recorded is None or self.pid(name) is not None:
            return
        group = int(recorded["pid"])
        entry = _entry(group)
        if entry is not None and entry.state != "Z":
            return  # the number has a new owner
        members = _group_members(group)
        for wanted in (signal.SIGTERM, signal.SIGKILL):
            for member in members:
                _signal(member, wanted)
            limit = time.monotonic() + 3
            while members and time.monotonic() < limit:
                time.sleep(0.02)
                members = [member for member in members if _is_alive(member)]


def _is_alive(pid: int) -> bool:
    entry = _entry(pid)
    return entry is not None and entry.state != "Z"


def _signal(pid: int, wanted: signal.Signals) -> None:
    try:
        os.kill(pid, wanted)
    except ProcessLookupError:
        pass
