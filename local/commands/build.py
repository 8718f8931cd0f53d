"""`make build`."""

import argparse

from ..build import build_for_aws, build_for_this_machine
from ..steps import say, total


def add_options(parser: argparse.ArgumentParser) -> None:
    """What can be chosen."""
    parser.add_argument("--host", action="store_true", help="for this machine and not for AWS")
    parser.add_argument("names", nargs="*", help="with --host: only these use cases")


def command(options: argparse.Namespace) -> None:
    """Makes the real functions."""
    made = build_for_this_machine(options.names) if options.host else build_for_aws()
    functions = sorted(made.glob("*/bootstrap"))
    say(f"{len(functions)} functions are in {made.relative_to(made.parents[1])}/ (after {total()}).")
