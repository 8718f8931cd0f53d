"""`make deploy` and `make destroy`: install what they need, then hand over to local.cloud, which needs boto3."""

import argparse
import subprocess

from ..install import SAM_PYTHON, environment_without_python, install
from ..settings import ROOT


def add_options(parser: argparse.ArgumentParser) -> None:
    """Everything is local.cloud's to understand."""
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="the stage, and options (docs/operations.md)")


def command(options: argparse.Namespace) -> int:
    """Runs local.cloud with the tools that were installed."""
    install()
    argv = [str(SAM_PYTHON), "-m", "local.cloud", options.command, *options.rest]
    return subprocess.run(argv, cwd=ROOT, env=environment_without_python(), check=False).returncode
