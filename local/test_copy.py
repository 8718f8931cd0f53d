"""A copy of the platform for tests: its own data, ports that nobody has, and windows of seconds."""

import argparse
import json
from pathlib import Path

from .settings import ROOT, Settings, free_ports

# Short enough for a test to wait for, long enough for it to act before (see "Policy windows" in docs).
HOLD_SECONDS = 20
DISPUTE_WINDOW_SECONDS = 2
# The tests call as many as they can at once, on a machine that may have other work.
PATIENCE = 3


def add_options(parser: argparse.ArgumentParser) -> None:
    """The command line of test-up and test-down."""
    parser.add_argument("--state", type=Path, default=ROOT / "target" / "local-test", help="where its data is")
    parser.add_argument("--hold-seconds", type=int, default=HOLD_SECONDS)
    parser.add_argument("--dispute-window-seconds", type=int, default=DISPUTE_WINDOW_SECONDS)
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="another one's value")
    parser.add_argument("--no-build", action="store_true", help="run what is compiled already")


def settings_of(options: argparse.Namespace) -> Settings:
    """The copy's settings. Its ports are picked once, and kept beside its data."""
    overrides = {
        "HoldSeconds": str(options.hold_seconds),
        "DisputeWindowSeconds": str(options.dispute_window_seconds),
        **dict(item.split("=", 1) for item in options.parameter),
    }
    return settings(options.state.resolve(), overrides)


def settings(state: Path, overrides: dict[str, str]) -> Settings:
    """The settings of the copy whose data is there."""
    kept = state / "ports.json"
    if not kept.exists():
        state.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(free_ports()))
    return Settings(state=state, ports=json.loads(kept.read_text()), overrides=overrides, patience=PATIENCE)
