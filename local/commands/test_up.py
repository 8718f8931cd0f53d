"""`python3 -m local test-up`: a second copy of the platform, for tests."""

import argparse

from ..install import install
from ..platform import Platform
from ..steps import say
from ..test_copy import add_options, settings_of

__all__ = ["add_options", "command"]


def command(options: argparse.Namespace) -> None:
    """Starts the copy, and says where it is."""
    platform = Platform(settings_of(options))
    with platform.alone():
        install()
        platform.up(build=not options.no_build)
    say(f"The copy for tests runs: {platform.settings.endpoints}")
    say(f"LECTERN_TEST_ENDPOINTS={platform.settings.endpoints}")
    say(f"LECTERN_TEST_POSTGRES_URL={platform.settings.admin_database_url}")
