"""`make demo`."""

import argparse
from pathlib import Path

from ..demo import run
from ..problem import Problem
from ..settings import development


def add_options(parser: argparse.ArgumentParser) -> None:
    """Where, and how much of it."""
    parser.add_argument("--endpoints", type=Path, metavar="FILE", help="endpoints.json of another copy of the platform")
    parser.add_argument("--quick", action="store_true", help="leave out the hold that runs out, and the wait for it")


def command(options: argparse.Namespace) -> int:
    """Runs the demo against the running platform. 1 if anything was off."""
    endpoints = options.endpoints or development().endpoints
    if not endpoints.exists():
        raise Problem(
            f"there is no {endpoints}: it is written when that copy of the platform is up"
            if options.endpoints
            else "the platform does not run: `make dev` starts it"
        )
    return run(endpoints, options.quick)
