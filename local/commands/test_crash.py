"""`python3 -m local test-crash`: for tests of what survives."""

import argparse
import signal
from pathlib import Path

from .. import services
from ..processes import Processes
from ..settings import ROOT
from ..steps import step
from ..test_copy import settings

_START = {"postgres": services.start_postgres, "emulator": services.start_emulator}


def add_options(parser: argparse.ArgumentParser) -> None:
    """The command line."""
    parser.add_argument("--state", type=Path, default=ROOT / "target" / "local-test", help="where the copy's data is")
    parser.add_argument("part", choices=_START)


def command(options: argparse.Namespace) -> None:
    """Ends the part with kill -9 and starts it again. Takes no lock: `make test` has it while its tests run."""
    its = settings(options.state.resolve(), {})
    processes = Processes(its)
    with step(f"kill {options.part}"):
        processes.stop(options.part, signal.SIGKILL)
    with step(f"start {options.part} again"):
        _START[options.part](its, processes)
