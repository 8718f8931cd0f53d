"""`make reload`: the next invocation of every function starts a new process, which runs the new code.

MiniStack gives a function a new process when its zip changes. Ours never does: the zip holds a stub that runs the one
binary of `cargo build`.
"""

import threading
import time
from types import ModuleType
from typing import Any

import ministack.core.lambda_runtime as runtime

from ..route import RECYCLE


def apply(application: ModuleType) -> None:
    """Adds the route to the application, before all of MiniStack's."""
    original = application.app

    async def with_our_route(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == RECYCLE and scope["method"] == "POST":
            body = str(recycle()).encode()
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
            await send({"type": "http.response.body", "body": body})
        else:
            await original(scope, receive, send)

    application.app = with_our_route


def recycle() -> int:
    """Empties the pool; gives back how many processes were in it."""
    with runtime._lock:
        workers = [worker for pool in runtime._workers.values() for worker in pool]
        runtime._workers.clear()
    # Those at work finish first: they are out of the pool, so no new work reaches them.
    threading.Thread(target=_end, args=(workers,), name="recycle", daemon=True).start()
    return len(workers)


def _end(workers: list[Any]) -> None:
    while workers:
        idle = [worker for worker in workers if not worker.in_use]
        runtime.kill_workers(idle)
        workers = [worker for worker in workers if worker not in idle]
        time.sleep(0.05)
