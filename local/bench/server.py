"""A PostgreSQL alone, of all the platform, to be measured."""

from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from .. import postgres, test_copy
from ..platform import Platform
from ..steps import step

# Half of what the smallest Aurora has; `make dev` makes do with less.
SHARED_BUFFERS = "512MB"


@contextmanager
def server(state: Path) -> Iterator[str]:
    """Starts it on what `state` keeps, and gives a superuser's URL."""
    platform = Platform(test_copy.settings(state, {}))
    with platform.alone():
        postgres.stop(platform.processes)
        try:
            with step("start PostgreSQL"):
                postgres.start(platform.settings, platform.processes, SHARED_BUFFERS)
            yield platform.settings.admin_database_url
        finally:
            postgres.stop(platform.processes)
