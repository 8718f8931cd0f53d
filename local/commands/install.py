"""`python3 -m local install`."""

import argparse

from ..install import install
from ..steps import say


def command(_: argparse.Namespace) -> None:
    """Installs what the platform needs."""
    install()
    say("Everything is installed.")
