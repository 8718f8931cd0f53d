"""Starts MiniStack with our patches: `python -m local.emulator`, in the emulator's own virtual environment.

The patches reach into MiniStack's insides, so they hold for exactly one version; local/emulator_checks says whether
they still do their work after a change of it.
"""

import sys
from importlib.metadata import version

EXPECTED = "1.5.33"

if version("ministack") != EXPECTED:
    sys.exit(f"these patches are for ministack {EXPECTED}, and {version('ministack')} is installed")

from .patches import apply_all  # noqa: E402

if __name__ == "__main__":
    # Patches first: MiniStack starts to load its services as soon as its application is imported.
    application = apply_all()
    application.main()
