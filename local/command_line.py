"""What can be asked of the local platform. One line in _COMMANDS adds a command."""

import argparse
import importlib
import signal
import sys
from typing import Any

from .problem import Problem

# name: (module with a function `command(arguments, options)`, what it does)
_COMMANDS = {
    "dev": ("local.commands.dev", "start the whole platform on this machine"),
    "stop": ("local.commands.stop", "stop it; the data stays"),
    "reset": ("local.commands.reset", "stop it and throw its data away"),
    "status": ("local.commands.status", "what runs, and where"),
    "logs": ("local.commands.logs", "follow what everything writes"),
    "reload": ("local.commands.reload", "compile, and let the new code serve"),
    "install": ("local.commands.install", "only install what the platform needs"),
    "test-up": ("local.commands.test_up", "start a second copy, for tests, on free ports"),
    "test-down": ("local.commands.test_down", "stop that copy and throw it away"),
    "test-crash": ("local.commands.test_crash", "kill a part of that copy, as a crash would, and start it again"),
    "test": ("local.commands.test", "run every test"),
    "check": ("local.commands.check", "formatting, lints and templates"),
    "build": ("local.commands.build", "make the real functions, for AWS"),
    "deploy": ("local.commands.deploy", "put everything onto AWS"),
    "destroy": ("local.commands.deploy", "take it away from there again"),
    "bench": ("local.commands.bench", "measure what docs/performance.md tells"),
    "pay-out": ("local.commands.pay_out", "pay out now what tutors have earned"),
    "verify-ledger": ("local.commands.verify_ledger", "recompute the ledger, and compare it with Stripe"),
    "scaffold": ("local.commands.scaffold", "print a use case's entry for its template"),
    "demo": ("local.commands.demo", "the whole journey on the running platform, told step by step"),
}


def main() -> int:
    """Runs one command. A problem is one message; an interruption is quiet."""
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, _interrupt)
    parser = argparse.ArgumentParser(prog="python3 -m local", description=__doc__.split(".")[0])
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    modules: dict[str, Any] = {}
    for name, (module, what) in _COMMANDS.items():
        chosen = commands.add_parser(name, help=what, description=what)
        if name in sys.argv[1:2]:
            modules[name] = importlib.import_module(module)
            getattr(modules[name], "add_options", lambda _: None)(chosen)
    options = parser.parse_args()
    try:
        return modules[options.command].command(options) or 0
    except Problem as problem:
        sys.stdout.flush()
        print(f"\nStopped: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        sys.stdout.flush()
        print("\nInterrupted.", file=sys.stderr)
        return 130


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
