"""`python3 -m local test-down`."""

import argparse

from ..platform import Platform
from ..steps import say
from ..test_copy import add_options, settings_of

__all__ = ["add_options", "command"]


def command(options: argparse.Namespace) -> None:
    """Stops the copy and throws it away."""
    platform = Platform(settings_of(options))
    with platform.alone():
        platform.reset()
    say("The copy for tests is gone.")
