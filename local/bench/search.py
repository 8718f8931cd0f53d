"""How long searches for tutors take among 100 000, on a PostgreSQL of its own; the tutors are kept from run to run."""

from contextlib import contextmanager
from typing import Iterator

from .. import postgres, test_copy
from ..platform import Platform, run_cargo
from ..settings import ROOT
from ..steps import step

STATE = ROOT / "target" / "local-bench-search"
# Half of what the smallest Aurora has; `make dev` makes do with less.
SHARED_BUFFERS = "512MB"


def measure() -> None:
    """Prints the query plans and a table of times; see functions/tutoring/tests/search_bench."""
    with _server() as url:
        run_cargo(["run", "--release", "--quiet", "--locked", "-p", "lectern-tutoring", "--example", "search_bench", "--", url])


@contextmanager
def _server() -> Iterator[str]:
    """PostgreSQL alone, of all the platform; gives a superuser's URL."""
    platform = Platform(test_copy.settings(STATE, {}))
    with platform.alone():
        postgres.stop(platform.processes)
        try:
            with step("start PostgreSQL"):
                postgres.start(platform.settings, platform.processes, SHARED_BUFFERS)
            yield platform.settings.admin_database_url
        finally:
            postgres.stop(platform.processes)
