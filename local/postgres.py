"""PostgreSQL 18 with contrib from one package and pgvector from another, joined without copying either."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from .install import VECTOR, postgres_directory
from .problem import Problem
from .processes import Owner, Processes
from .settings import POSTGRES_PASSWORD, Settings

NAME = "postgres"
# PostgreSQL refuses to run as root. Nobody is everywhere, and owns nothing that this could reach.
_NOBODY = Owner(65534, 65534)
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def start(settings: Settings, processes: Processes, shared_buffers: str = "64MB") -> None:
    """Starts the server, after making its data directory the first time."""
    data = settings.state / "postgres"
    owner = _NOBODY if os.geteuid() == 0 else None
    _make_directory(data, owner)
    prefix = _reach(settings.state, owner)
    if not (data / "PG_VERSION").exists():
        _create(data, owner, prefix)
    _forget_dead_server(data)
    server = postgres_directory()
    command = [
        *prefix,
        str(server / "bin" / "postgres"),
        *("-D", str(data)),
        *_setting("port", settings.ports["postgres"]),
        *_setting("listen_addresses", "127.0.0.1"),
        # No socket file: its path would be limited to 107 bytes, which a deep checkout exceeds.
        *_setting("unix_socket_directories", ""),
        *_setting("max_connections", 400),
        *_setting("shared_buffers", shared_buffers),
        # As in template.yaml.
        *_setting("jit", "off"),
        *_setting("random_page_cost", 1.1),
        *_setting("extension_control_path", f"$system:{VECTOR / 'share'}"),
        *_setting("dynamic_library_path", f"$libdir:{VECTOR / 'lib'}"),
        *_setting("shared_preload_libraries", "pg_stat_statements"),
    ]
    processes.start(NAME, command, _ENVIRONMENT, None if prefix else owner)
    processes.wait_until(NAME, lambda: _accepts(settings.ports["postgres"]))


def stop(processes: Processes) -> bool:
    """Ends it at once but cleanly: SIGINT hangs up on the clients, where SIGTERM would wait for them."""
    return processes.stop(NAME, signal.SIGINT, seconds=30)


def _setting(name: str, value: object) -> tuple[str, str]:
    return "-c", f"{name}={value}"


def _make_directory(data: Path, owner: Owner | None) -> None:
    data.mkdir(parents=True, exist_ok=True)
    os.chmod(data, 0o700)
    if owner is not None and data.stat().st_uid != owner.user:
        os.chown(data, owner.user, owner.group)


def _reach(state: Path, owner: Owner | None) -> list[str]:
    """What to put before the command so that it can walk to its files.

    Root's checkout may lie in a directory that is closed to others (/root, or one of mktemp): the server then keeps
    one right of root's, to enter directories, and nothing else.
    """
    places = [state.resolve(), postgres_directory().resolve(), VECTOR.resolve()]
    above = {parent for place in places for parent in (place, *place.parents)}
    if owner is None or all(directory.stat().st_mode & 0o001 for directory in above if directory.is_dir()):
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise Problem(
            "PostgreSQL does not run as root, and another user cannot enter this directory. "
            "Run as an ordinary user, or move the checkout to a directory that others may enter."
        )
    return [setpriv, "--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--reuid=65534", "--regid=65534", "--clear-groups"]


def _forget_dead_server(data: Path, seconds: float = 10) -> None:
    """Removes what a killed server left behind: its claim on the data directory.

    PostgreSQL removes such a claim itself, but not while the number of the dead process is taken, and in a container
    whose first process does not reap the dead that is for ever.
    """
    claim = data / "postmaster.pid"
    if not claim.exists() or not Path("/proc/self/stat").exists():
        return
    limit = time.monotonic() + seconds
    while _works_in(data):
        if time.monotonic() > limit:
            raise Problem(f"another PostgreSQL is at work in {data}")
        time.sleep(0.05)
    claim.unlink()


def _works_in(data: Path) -> bool:
    """Whether a server or one of its children is alive: each works in the data directory."""
    wanted = data.resolve()
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and (process / "cwd").resolve() == wanted:
                return True
        except OSError:
            continue  # somebody else's, or gone in the meantime
    return False


def _create(data: Path, owner: Owner | None, prefix: list[str]) -> None:
    password = data.parent / "postgres-password"
    password.write_text(POSTGRES_PASSWORD)
    password.chmod(0o644)
    # Made elsewhere and then named, so that a killed initdb leaves nothing that looks like a database.
    partial = data / "partial"
    command = [
        *prefix,
        str(postgres_directory() / "bin" / "initdb"),
        *("-D", str(partial), "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={password}"),
        *("-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"),
    ]
    shutil.rmtree(partial, ignore_errors=True)
    done = subprocess.run(
        command,
        env=_ENVIRONMENT,
        cwd="/",
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        user=owner.user if owner and not prefix else None,
        group=owner.group if owner and not prefix else None,
        extra_groups=[] if owner and not prefix else None,
    )
    password.unlink()
    if done.returncode != 0:
        shutil.rmtree(partial, ignore_errors=True)
        raise Problem(f"could not make PostgreSQL's data directory {data}:\n{done.stdout}")
    for each in partial.iterdir():
        if each.name != "PG_VERSION":
            each.rename(data / each.name)
    (partial / "PG_VERSION").rename(data / "PG_VERSION")
    partial.rmdir()


def _accepts(port: int) -> bool:
    """Whether it takes connections: the port is open before the recovery after a crash is over."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.settimeout(1)
            # A start-up packet of protocol 3.0 for user postgres; while it starts, the answer is an error (E).
            body = b"\x00\x03\x00\x00user\x00postgres\x00\x00"
            connection.sendall((len(body) + 4).to_bytes(4, "big") + body)
            return connection.recv(1) == b"R"
    except OSError:
        return False
