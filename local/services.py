"""How each process of the platform is started, and how one knows that it serves."""

import os
import shutil
import socket
import sys
import urllib.request
from pathlib import Path

from . import postgres
from .aws import Aws
from .install import EMULATOR_PYTHON, MAILDEV, STRIPE_CONTRACT, SWAGGER_UI
from .problem import Problem
from .processes import Processes
from .settings import (
    REGION,
    ROOT,
    STRIPE_CONNECT_WEBHOOK_SECRET,
    STRIPE_PUBLISHABLE_KEY,
    STRIPE_SECRET_KEY,
    STRIPE_WEBHOOK_SECRET,
    Settings,
)

# Started in this order; stopped in the reverse one, so that nobody talks to who is gone.
NAMES = ("postgres", "mail", "emulator", "stripe", "api-page")
# Which port each process takes, by the names in the settings.
PORTS = {"postgres": ("postgres",), "mail": ("mail", "smtp"), "emulator": ("emulator",), "stripe": ("stripe",), "api-page": ("api",)}
LOCAL_BINARY = ROOT / "target" / "debug" / "lectern"
STRIPE_BINARY = ROOT / "target" / "debug" / "stripe-stand-in"


def check_ports(settings: Settings, processes: Processes) -> None:
    """Every port that we need and that somebody else has, in one message."""
    taken = []
    for process, ports in PORTS.items():
        for port in ports if processes.pid(process) is None else ():
            number = settings.ports[port]
            with socket.socket() as probe:
                # As the servers do: a port in TIME_WAIT after `make stop` is free.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", number))
                except OSError:
                    taken.append(f"{number} ({process}): choose another with LECTERN_PORT_{port.upper()}=…")
    if taken:
        raise Problem("something else listens on a port that is needed:\n" + "\n".join(f"  - {each}" for each in taken))


def _clean_environment(settings: Settings) -> dict[str, str]:
    """What every process gets: nothing of ours that could change how it behaves."""
    temporary = settings.state / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "HOME": str(temporary),
        "TMPDIR": str(temporary),
    }


def start_postgres(settings: Settings, processes: Processes) -> None:
    """PostgreSQL."""
    if processes.pid(postgres.NAME) is None:
        postgres.start(settings, processes)


def start_emulator(settings: Settings, processes: Processes) -> None:
    """MiniStack, through our launcher."""
    if processes.pid("emulator") is not None:
        return
    port = str(settings.ports["emulator"])
    environment = _clean_environment(settings) | {
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "GATEWAY_PORT": port,
        "BIND_HOST": "127.0.0.1",
        "LOG_LEVEL": "WARNING",
        # Else it opens a broker for MQTT on 8883.
        "IOT_MTLS_ENABLED": "0",
        # IAM is enforced and codes are checked.
        "AUTH": "true",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(settings.state / "emulator"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(settings.state / "emulator" / "s3"),
        "LECTERN_AUTOSAVE_SECONDS": "2",
        # No token rather than one without our claims, as on AWS.
        "MINISTACK_COGNITO_PRETOKEN_STRICT": "1",
        # Functions have it from here.
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_DEFAULT_REGION": REGION,
        "LECTERN_LOCAL_BINARY": str(LOCAL_BINARY),
        "LECTERN_FUNCTION_LOG": str(processes.log("functions")),
        "LECTERN_FUNCTION_PATIENCE": str(settings.patience),
        "SMTP_HOST": f"127.0.0.1:{settings.ports['smtp']}",
    }
    # After kill -9 the unpacked code of the last run is still there.
    for left in (settings.state / "tmp").glob("ministack-*"):
        shutil.rmtree(left, ignore_errors=True)
    processes.start("emulator", [str(EMULATOR_PYTHON), "-m", "local.emulator"], environment)
    processes.wait_until("emulator", Aws(settings).is_up)


def start_mail(settings: Settings, processes: Processes) -> None:
    """maildev: an SMTP server whose inbox is a page."""
    if processes.pid("mail") is not None:
        return
    mails = settings.state / "mail"
    mails.mkdir(parents=True, exist_ok=True)
    node = _which("node")
    options = ["--ip", "127.0.0.1", "--smtp", str(settings.ports["smtp"]), "--web", str(settings.ports["mail"])]
    command = [node, str(MAILDEV), *options, "--mail-directory", str(mails), "--silent"]
    processes.start("mail", command, _clean_environment(settings))
    processes.wait_until("mail", lambda: _answers(settings.mail_url + "/healthz"))


def start_stripe(settings: Settings, processes: Processes, api: str) -> None:
    """Our stand-in for Stripe; started anew if its command line is another than the last time."""
    command = [
        str(STRIPE_BINARY),
        *("--port", str(settings.ports["stripe"])),
        *("--state", str(settings.state / "stripe.json")),
        *("--secret-key", STRIPE_SECRET_KEY),
        *("--publishable-key", STRIPE_PUBLISHABLE_KEY),
        *("--webhook-url", f"{api}/v1/webhooks/stripe"),
        *("--webhook-secret", STRIPE_WEBHOOK_SECRET),
        *("--connect-webhook-url", f"{api}/v1/webhooks/stripe-connect"),
        *("--connect-webhook-secret", STRIPE_CONNECT_WEBHOOK_SECRET),
        # Tests ask in the end whether all was as Stripe says; a platform without them does without.
        *(("--check-openapi", str(STRIPE_CONTRACT)) if STRIPE_CONTRACT.exists() else ()),
    ]
    if processes.pid("stripe") is not None:
        if processes.command("stripe") == "\0".join(command):
            return
        processes.stop("stripe")
    processes.start("stripe", command, _clean_environment(settings))
    processes.wait_until("stripe", lambda: _answers(settings.stripe_url + "/_stand_in/health"))


def start_api_page(settings: Settings, processes: Processes, api: str) -> None:
    """The page on which the API is read and tried."""
    command = [
        sys.executable,
        *("-m", "local.api_page", "--port", str(settings.ports["api"])),
        *("--contract", str(ROOT / "openapi.yaml"), "--swagger-ui", str(SWAGGER_UI), "--api", api),
    ]
    if processes.pid("api-page") is not None:
        if processes.command("api-page") == "\0".join(command):
            return
        processes.stop("api-page")
    environment = _clean_environment(settings) | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    processes.start("api-page", command, environment)
    processes.wait_until("api-page", lambda: _answers(settings.api_page_url + "/"))


def stop(name: str, processes: Processes) -> bool:
    """Stops one. False if it did not run."""
    return postgres.stop(processes) if name == postgres.NAME else processes.stop(name)


def _which(name: str) -> str:
    for directory in os.get_exec_path():
        path = Path(directory) / name
        if path.is_file() and os.access(path, os.X_OK):
            return str(path)
    raise Problem(f"{name} is not installed")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False
