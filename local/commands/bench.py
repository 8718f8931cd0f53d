"""`make bench`."""

import argparse

from .. import test_copy
from ..bench import functions, ledger, search
from ..install import install, install_lambda
from ..platform import Platform
from ..settings import ROOT
from ..steps import say, total

STATE = ROOT / "target" / "local-bench"
PARTS = ("functions", "search", "ledger")


def add_options(parser: argparse.ArgumentParser) -> None:
    """What to measure."""
    parser.add_argument("part", nargs="?", choices=PARTS, help="only this part; all when left out")


def command(options: argparse.Namespace) -> None:
    """Measures the real functions, searches among many tutors, and the ledger."""
    install()
    if options.part in (None, "search"):
        search.measure()
    if options.part in (None, "ledger"):
        ledger.measure()
    if options.part in (None, "functions"):
        _functions()
    say(f"\nAll in this one run, after {total()}.")


def _functions() -> None:
    """Beside a copy of the platform of its own."""
    install_lambda()
    platform = Platform(test_copy.settings(STATE, {}))
    with platform.alone():
        platform.reset_data()
        try:
            platform.up(build=True)
            measured = functions.measure(platform.settings)
        finally:
            platform.reset()
    say("\n" + functions.table(measured))
    say(f"\nMedians of {functions.RUNS} runs each.")
