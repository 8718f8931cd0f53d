"""Command line: `python -m local.cloud deploy dev`, `python -m local.cloud destroy dev`."""

import argparse
import os
import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from .deploy import deploy
from .destroy import destroy
from .problem import Problem


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local.cloud", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, what in (("deploy", "build and deploy every stack of a stage"), ("destroy", "delete a stage")):
        command = commands.add_parser(name, help=what)
        command.add_argument("stage", choices=["dev", "prod"])
    commands.choices["deploy"].add_argument("--no-build", action="store_true", help="ship what target/lambda holds")
    commands.choices["destroy"].add_argument("--prod", action="store_true", help="allow the stage prod")
    chosen = parser.parse_args()
    try:
        if chosen.command == "deploy":
            deploy(boto3.Session(), chosen.stage, os.environ, build=not chosen.no_build)
        else:
            destroy(boto3.Session(), chosen.stage, prod_allowed=chosen.prod)
    except Problem as problem:
        print(f"\nStopped: {problem}", file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as error:
        print(f"\nStopped, AWS said: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. A stack that was being deployed goes on by itself; the same command continues.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
