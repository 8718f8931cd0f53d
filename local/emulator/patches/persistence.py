"""State is saved all the time, where MiniStack saves it only when it is asked to end."""

import hashlib
import json
import logging
import os
import threading
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import ministack.core.persistence as persistence

_log = logging.getLogger("lectern.persistence")

# To look at a service's state is to copy all of it, and Python does nothing else meanwhile: what costs much (the logs,
# the templates) is looked at less often, so that each takes at most a thirtieth of a core from those who call.
_REST = 30
_seen: dict[str, bytes] = {}


def apply(application: ModuleType) -> None:
    """Starts to save every LECTERN_AUTOSAVE_SECONDS."""
    seconds = float(os.environ.get("LECTERN_AUTOSAVE_SECONDS", "0"))
    if not seconds or not persistence.PERSIST_STATE:
        return
    load = application._load_persisted_state

    def load_then_save() -> None:
        load()
        # Not before: what is not loaded yet would be saved as empty, over what there is.
        threading.Thread(target=_save_for_ever, args=(application, seconds), name="autosave", daemon=True).start()

    application._load_persisted_state = load_then_save


def _save_for_ever(application: ModuleType, seconds: float) -> None:
    due: dict[str, float] = {}
    while True:
        time.sleep(seconds)
        for name, get_state in application._build_persistence_save_dict().items():
            if time.monotonic() < due.get(name, 0.0):
                continue
            began = time.thread_time()
            try:
                _save_if_changed(name, get_state())
            except Exception as error:  # noqa: BLE001 - a dictionary that changed while it was read: next time
                _log.info("state of %s is saved next time: %r", name, error)
            due[name] = time.monotonic() + (time.thread_time() - began) * _REST


def _save_if_changed(name: str, state: Any) -> None:
    if state is None:
        return
    text = json.dumps(state, default=persistence._json_default)
    digest = hashlib.blake2b(text.encode()).digest()
    if _seen.get(name) == digest:
        return
    _write(name, text)
    _seen[name] = digest


def _write(name: str, payload: str) -> None:
    # As MiniStack's save_state does it, which would encode all of it once more, and in Python: ten times slower.
    directory = Path(persistence.STATE_DIR)
    directory.mkdir(parents=True, exist_ok=True)
    version = json.dumps(persistence._state_format_version(name))
    beside = directory / f"{name}.json.tmp"
    beside.write_text(f'{{"__ministack_format__": {version}, "payload": {payload}}}')
    beside.replace(directory / f"{name}.json")
