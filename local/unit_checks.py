"""Runs the unit tests of our Python: `python -m local.unit_checks`, in a virtual environment that has boto3."""

import sys
import unittest

from .settings import ROOT

PLACES = ("local/tests", "local/cloud/tests")


def main() -> int:
    """1 if any fails."""
    suite = unittest.TestSuite()
    for place in PLACES:
        if (ROOT / place).is_dir():
            # A loader remembers where it began: one for each place.
            suite.addTests(unittest.TestLoader().discover(str(ROOT / place), top_level_dir=str(ROOT)))
    result = unittest.TextTestRunner(stream=sys.stdout).run(suite)
    failed = len(result.failures) + len(result.errors)
    print(f"unit checks: {result.testsRun - failed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
