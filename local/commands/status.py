"""`make status`."""

import argparse

from ..platform import Platform
from ..services import NAMES, PORTS
from ..settings import development
from ..steps import say


def command(_: argparse.Namespace) -> int:
    """Prints endpoints.json and what runs. 1 if not everything does."""
    platform = Platform(development())
    if platform.settings.endpoints.exists():
        say(platform.settings.endpoints.read_text())
    for name in NAMES:
        pid = platform.processes.pid(name)
        ports = ", ".join(str(platform.settings.ports[port]) for port in PORTS[name])
        say(f"{name:<10} {f'runs, pid {pid}, port {ports}' if pid else 'does not run'}")
    return 0 if len(platform.running()) == len(NAMES) else 1
