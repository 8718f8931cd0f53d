"""How long searches for tutors take among 100 000, on a PostgreSQL of its own; the tutors are kept from run to run."""

from ..platform import run_cargo
from ..settings import ROOT
from .server import server

STATE = ROOT / "target" / "local-bench-search"


def measure() -> None:
    """Prints the query plans and a table of times; see functions/tutoring/tests/search_bench."""
    with server(STATE) as url:
        run_cargo(["run", "--release", "--quiet", "--locked", "-p", "lectern-tutoring", "--example", "search_bench", "--", url])
