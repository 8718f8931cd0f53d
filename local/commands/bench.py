"""`make bench`."""

import argparse

from .. import test_copy
from ..bench import functions
from ..install import install, install_lambda
from ..platform import Platform
from ..settings import ROOT
from ..steps import say, total

STATE = ROOT / "target" / "local-bench"


def command(_: argparse.Namespace) -> None:
    """Measures the real functions beside a copy of the platform of its own."""
    install()
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
    say(f"\nMedians of {functions.RUNS} runs each, all in this one run, after {total()}.")
