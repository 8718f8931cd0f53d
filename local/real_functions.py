"""The real small functions, as `make build` makes them, each run through the Runtime API beside a running platform.

The local platform serves everything from one binary. This shows that the others are whole too: what only a thin
binary could lack (a linked part, a working start) is seen here.
"""

import sys
from pathlib import Path
from typing import Any

from .build import build_for_this_machine
from .runtime_api import Function, request
from .settings import REGION, Settings

PROBED = ("get-own-user", "search-tutors", "check-identity-health")


def environment(settings: Settings, context: str) -> dict[str, str]:
    """What a template gives a function of `context`, for the platform that runs with `settings`."""
    return {
        "STAGE": "local",
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL": f"http://localhost:{settings.ports['emulator']}",
        "DATABASE_URL_PARAMETER": f"/lectern/local/database/{context}/app-url",
        "EVENT_BUS_NAME": "lectern-local",
    }


def check(settings: Settings) -> tuple[int, int]:
    """Builds the probed functions and runs each; gives how many are whole and how many are not."""
    built = build_for_this_machine(PROBED)
    wrong = []
    for name, context, event, whole in _probes():
        seen = _run(built / name / "bootstrap", environment(settings, context), event)
        if not whole(seen):
            wrong.append(name)
            print(f"  {name} answered {seen!r}", file=sys.stderr)
    return len(PROBED) - len(wrong), len(wrong)


def _probes() -> tuple[tuple[str, str, dict[str, Any], Any], ...]:
    me, tutors = request("GET", "/v1/users/me"), request("GET", "/v1/tutors")
    return (
        ("get-own-user", "identity", me, lambda seen: seen["statusCode"] == 401 and "unauthenticated" in seen["body"]),
        ("search-tutors", "tutoring", tutors, lambda seen: seen["statusCode"] == 200 and '"items"' in seen["body"]),
        ("check-identity-health", "identity", {}, lambda seen: seen["database"] == "up" and seen["schemaVersion"] >= 1),
    )


def _run(binary: Path, given: dict[str, str], event: dict[str, Any]) -> Any:
    with Function(binary, given) as function:
        answer, _ = function.invoke(event)
        return answer
