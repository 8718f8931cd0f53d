"""Programs that are run to their end, and what they say of tests."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .settings import ROOT

_CARGO = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed")
_OURS = re.compile(r"^(?:emulator|unit|stripe) checks: (\d+) passed, (\d+) failed")


@dataclass
class Count:
    """Tests so far."""

    passed: int = 0
    failed: int = 0

    def add(self, line: str) -> None:
        """Counts what a line of a test runner says, if it says anything."""
        found = _CARGO.match(line) or _OURS.match(line)
        if found:
            self.passed += int(found[1])
            self.failed += int(found[2])

    def add_one(self, good: bool) -> None:
        """Counts one of our own."""
        self.passed += good
        self.failed += not good

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed"


def run_tests(argv: list[str], environment: dict[str, str], count: Count) -> None:
    """Runs a test runner, shows what it says, and counts. One that fails without saying so counts as a failure."""
    failed_before = count.failed
    with subprocess.Popen(argv, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, errors="replace") as run:
        assert run.stdout is not None
        try:
            for line in run.stdout:
                sys.stdout.write(line)
                sys.stdout.flush()
                count.add(line)
        except BaseException:
            run.terminate()
            raise
    if run.returncode != 0 and count.failed == failed_before:
        print(f"{Path(argv[0]).name} ended with {run.returncode}", flush=True)
        count.failed += 1
