"""`make stop`."""

import argparse

from ..platform import Platform
from ..settings import development
from ..steps import say


def command(_: argparse.Namespace) -> None:
    """Stops everything; the data stays."""
    platform = Platform(development())
    with platform.alone():
        stopped = platform.down()
    say(f"Stopped: {', '.join(stopped)}." if stopped else "Nothing ran.")
