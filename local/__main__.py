"""Command line of the local platform: `python3 -m local dev`; see `python3 -m local --help`."""

import sys

# Before anything is imported that an older Python could not even read.
if sys.version_info < (3, 11):
    sys.exit("Lectern needs Python 3.11 or later; this is %d.%d. Set PYTHON=python3.12, for example." % sys.version_info[:2])

from local.command_line import main  # noqa: E402

sys.exit(main())
