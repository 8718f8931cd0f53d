"""`python3 -m local scaffold <use-case>`."""

import argparse
import json
import subprocess

from .. import scaffold
from ..platform import build
from ..problem import Problem
from ..services import LOCAL_BINARY
from ..settings import ROOT


def add_options(parser: argparse.ArgumentParser) -> None:
    """Which use cases."""
    parser.add_argument("names", nargs="+", metavar="use-case", help="as it is called in the table of its context")
    parser.add_argument("--no-build", action="store_true", help="ask the binary that is compiled already")


def command(options: argparse.Namespace) -> None:
    """Prints the start of their entries in functions/<context>/template.yaml."""
    if not options.no_build:
        build("lectern-local")
    if not LOCAL_BINARY.exists():
        raise Problem("nothing is compiled yet: leave --no-build out")
    asked = subprocess.run([LOCAL_BINARY, "use-cases"], cwd=ROOT, capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        raise Problem(f"the table of use cases could not be read: {asked.stderr.strip()}")
    scaffold.main(options.names, json.loads(asked.stdout))
