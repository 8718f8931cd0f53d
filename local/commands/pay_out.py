"""`python3 -m local pay-out`."""

import argparse

from ..aws import Aws
from ..settings import STAGE, development
from ..steps import say


def command(_: argparse.Namespace) -> int:
    """Has the running platform pay out now what tutors have earned, instead of waiting for its schedule."""
    Aws(development()).invoke(f"lectern-{STAGE}-run-payouts", {})
    say("What is due has been paid out.")
    return 0
