"""State is saved all the time, where MiniStack saves it only when it is asked to end."""

import hashlib
import json
import logging
import os
import threading
import time
from types import ModuleType
from typing import Any

import ministack.core.persistence as persistence

_log = logging.getLogger("lectern.persistence")
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
    while True:
        time.sleep(seconds)
        for name, get_state in application._build_persistence_save_dict().items():
            try:
                _save_if_changed(name, get_state())
            except Exception as error:  # noqa: BLE001 - a dictionary that changed while it was read: next time
                _log.info("state of %s is saved next time: %r", name, error)


def _save_if_changed(name: str, state: Any) -> None:
    if state is None:
        return
    text = json.dumps(state, default=persistence._json_default).encode()
    digest = hashlib.blake2b(text).digest()
    if _seen.get(name) == digest:
        return
    persistence.save_state(name, state)
    _seen[name] = digest
