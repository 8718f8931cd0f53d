"""`python3 -m local install`."""

import argparse

from ..install import install, install_stripe_checks
from ..steps import say


def command(_: argparse.Namespace) -> None:
    """Installs what the platform and its tests need."""
    install()
    install_stripe_checks()
    say("Everything is installed.")
