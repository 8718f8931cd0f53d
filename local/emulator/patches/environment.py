"""The environment that a function sees: that of Lambda, and not that of whoever typed `make dev`."""

from typing import Any

import ministack.services.lambda_svc as service

# What a function may take over from the emulator. The rest of its environment is Lambda's own and its template's.
_INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "LECTERN_LOCAL_BINARY")
_LAMBDA = ("AWS_", "LAMBDA_", "_HANDLER")


def apply() -> None:
    """Puts the patch on."""
    original = service._provided_worker_env

    def clean(config: dict[str, Any], code_dir: str, port: int) -> dict[str, str]:
        # MiniStack begins with its own environment, but a function that reads what only the emulator has (or whoever
        # started it) would fail on AWS.
        own = config.get("Environment", {}).get("Variables", {})
        return {
            name: value
            for name, value in original(config, code_dir, port).items()
            if name in own or name in _INHERITED or name.startswith(_LAMBDA)
        }

    service._provided_worker_env = clean
