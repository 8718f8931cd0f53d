"""`make logs`."""

import argparse
import time
from typing import TextIO

from ..problem import Problem
from ..settings import development

_LINES_BEFORE = 20


def command(_: argparse.Namespace) -> None:
    """Follows every log, each line with the name of its log, until Ctrl-C."""
    folder = development().logs
    if not folder.is_dir():
        raise Problem("there are no logs yet: `make dev` writes them")
    files: dict[str, TextIO] = {}
    try:
        while True:
            for path in sorted(folder.glob("*.log")):
                if path.name not in files:
                    files[path.name] = open(path, errors="replace")
                    for line in files[path.name].readlines()[-_LINES_BEFORE:]:
                        _show(path.stem, line)
                for line in files[path.name]:
                    _show(path.stem, line)
            time.sleep(0.2)
    except KeyboardInterrupt:
        # The ordinary way to end it.
        return
    finally:
        for file in files.values():
            file.close()


def _show(name: str, line: str) -> None:
    print(f"{name:<10} {line.rstrip()}", flush=True)
