"""`make reload`."""

import argparse

from ..platform import Platform
from ..settings import development
from ..steps import say, total


def command(_: argparse.Namespace) -> None:
    """Compiles, and lets the new code serve."""
    platform = Platform(development())
    with platform.alone():
        platform.reload()
    say(f"The new code serves (after {total()}).")
