"""Runs the checks: `python -m local.stripe_checks`, in the virtual environment that has Stripe's SDK."""

import sys
import unittest
from pathlib import Path

from .world import end_shared

try:
    found = unittest.defaultTestLoader.discover(str(Path(__file__).parent), top_level_dir=str(Path(__file__).parents[2]))
    result = unittest.TextTestRunner(verbosity=2, stream=sys.stdout).run(found)
finally:
    end_shared()
failed = len(result.failures) + len(result.errors)
print(f"stripe checks: {result.testsRun - failed - len(result.skipped)} passed, {failed} failed")
sys.exit(1 if failed else 0)
