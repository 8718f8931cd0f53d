"""Whom a name means: in a pool that does not mind capitals, one account, however it is written and however many ask."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import ministack.services.cognito as cognito
from ministack.core.concurrency import resource_lock

from .triggers import Answer, Pool, User


def apply() -> None:
    """Puts the patch on: MiniStack keeps UsernameConfiguration, but compares names letter by letter."""
    original = cognito._resolve_user

    def resolve(pool: Pool, username: str | None) -> tuple[User | None, Answer | None]:
        user, error = original(pool, username)
        if user is None and isinstance(username, str) and _minds_no_capitals(pool):
            wanted, aliases = username.lower(), {*pool.get("UsernameAttributes", []), *pool.get("AliasAttributes", [])}
            for each in list(pool["_users"].values()):
                known = cognito._attr_list_to_dict(each.get("Attributes", []))
                if wanted in {each["Username"].lower(), *(known.get(alias, "").lower() for alias in aliases)}:
                    return each, None
        return user, error

    cognito._resolve_user = resolve


def _minds_no_capitals(pool: Pool) -> bool:
    # Templates make a boolean a string at times.
    return str((pool.get("UsernameConfiguration") or {}).get("CaseSensitive", True)).lower() == "false"


def lock(pool: Pool, username: object) -> threading.Lock:
    """One at a time for one name. Who holds it may call a trigger, as long as that makes no account of this name."""
    return resource_lock("lectern-cognito", f"{pool['Id']}/{str(username).lower()}")


@contextmanager
def alone(pool: Pool | None, username: object) -> Iterator[None]:
    """Holds the lock, if there is such a pool."""
    if pool is None:
        yield
    else:
        with lock(pool, username):
            yield
