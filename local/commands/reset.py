"""`make reset`."""

import argparse

from ..platform import Platform
from ..settings import development
from ..steps import say


def command(_: argparse.Namespace) -> None:
    """Stops everything and throws its data away. What is installed and compiled stays."""
    platform = Platform(development())
    with platform.alone():
        platform.reset()
    say(f"Stopped, and {platform.settings.state} is gone. `make dev` begins anew.")
