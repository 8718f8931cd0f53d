"""Processes and their pid files."""

import json
import os
import signal
import sys
import tempfile
import time
import unittest
from pathlib import Path
from typing import Callable

from ..problem import Problem
from ..processes import Processes
from ..settings import DEFAULT_PORTS, Settings

# A parent that has a child, as the emulator has functions.
_PARENT = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}]); time.sleep(60)"
_CHILD = "import os, time; open('child', 'w').write(str(os.getpid())); time.sleep(60)"


def _until(seen: Callable[[], bool]) -> None:
    limit = time.monotonic() + 10
    while not seen():
        if time.monotonic() > limit:
            raise AssertionError("did not happen in 10 s")
        time.sleep(0.02)


class TheProcesses(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.settings = Settings(state=Path(folder.name), ports=DEFAULT_PORTS)
        self.processes = Processes(self.settings)
        self.addCleanup(lambda: self.processes.stop("it"))

    def _start(self, code: str) -> int:
        self.processes.start("it", [sys.executable, "-c", code], {})
        pid = self.processes.pid("it")
        assert pid is not None
        return pid

    def test_what_was_started_runs_until_it_is_stopped(self) -> None:
        self._start("import time; time.sleep(60)")
        self.assertTrue(self.processes.stop("it"))
        self.assertIsNone(self.processes.pid("it"))
        self.assertFalse(self.processes.stop("it"))

    def test_another_command_knows_it_too(self) -> None:
        pid = self._start("import time; time.sleep(60)")
        self.assertEqual(Processes(self.settings).pid("it"), pid)

    def test_who_does_not_listen_is_killed(self) -> None:
        ready = self.settings.state / "ready"
        self._start(
            "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open('ready', 'w'); time.sleep(60)"
        )
        _until(ready.exists)
        self.assertTrue(self.processes.stop("it", seconds=0.2))
        self.assertIsNone(self.processes.pid("it"))

    def test_a_pid_that_now_belongs_to_somebody_else_is_left_alone(self) -> None:
        self.settings.run.mkdir(parents=True)
        mine = {"pid": str(os.getpid()), "started": "long ago", "command": ""}
        (self.settings.run / "it.json").write_text(json.dumps(mine))
        self.assertIsNone(self.processes.pid("it"))
        self.assertFalse(self.processes.stop("it"))

    def test_the_children_of_one_that_was_killed_are_ended(self) -> None:
        pid = self._start(_PARENT.format(child=_CHILD))
        written = self.settings.state / "child"
        _until(lambda: written.exists() and written.read_text().isdigit())
        child = int(written.read_text())
        os.kill(pid, signal.SIGKILL)
        _until(lambda: self.processes.pid("it") is None)
        self.processes.stop("it")
        _until(lambda: not Path(f"/proc/{child}").exists() or " Z " in Path(f"/proc/{child}/stat").read_text())

    def test_one_that_ends_instead_of_starting_is_shown_with_its_last_words(self) -> None:
        self._start("import sys; sys.exit('no such luck')")
        with self.assertRaisesRegex(Problem, "no such luck"):
            self.processes.wait_until("it", lambda: False, seconds=10)
