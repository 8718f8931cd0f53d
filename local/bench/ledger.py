"""How many postings a second the ledger takes, beside bare inserts on the same server, and how long its sums take."""

import shutil

from ..platform import run_cargo
from ..settings import ROOT
from .server import server

STATE = ROOT / "target" / "local-bench-ledger"


def measure() -> None:
    """Prints two tables; see functions/payments/tests/ledger_bench. pgbench is asked where the machine has one."""
    with server(STATE) as url:
        given = [url] + [program for program in [shutil.which("pgbench")] if program]
        run_cargo(["run", "--release", "--quiet", "--locked", "-p", "lectern-payments", "--example", "ledger_bench", "--", *given])
