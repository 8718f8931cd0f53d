"""The whole platform, up and down."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
from contextlib import contextmanager
from typing import Iterator

from . import demo_people, services
from .aws import Aws
from .demo_people import PEOPLE, Api
from .emulator.route import RECYCLE
from .problem import Problem
from .processes import Processes
from .settings import CONTEXTS, ROOT, STAGE, Settings
from .stacks import PLATFORM, Deployer, Stack, all_stacks
from .steps import say, step

_SECRETS = f"/lectern/{STAGE}"
# As in samconfig.toml.
SENDER_DOMAIN = "lectern.example"


class Platform:
    """One copy of the platform."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.processes = Processes(settings)
        self.aws = Aws(settings)
        self._deployer = Deployer(settings, self.aws)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keeps a second command away from the same copy while one is at work."""
        self.settings.state.mkdir(parents=True, exist_ok=True)
        with open(self.settings.state / "lock", "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise Problem("another command is at work on this copy of the platform; wait for it") from None
            yield

    def running(self) -> list[str]:
        """The names of the processes that run."""
        return [name for name in services.NAMES if self.processes.pid(name) is not None]

    def up(self, build: bool = True) -> None:
        """Starts what does not run and deploys what changed. Whatever fails, nothing that it started stays."""
        already = self.running()
        if already:
            say(f"Already running: {', '.join(already)}. Only what changed is deployed.")
        services.check_ports(self.settings, self.processes)
        try:
            if build:
                self.build()
            self._start_and_deploy()
        except BaseException:
            self._take_back()
            raise

    def build(self) -> None:
        """Compiles what runs locally."""
        with step("compile (cargo build)"):
            build("lectern-local", "lectern-stripe-stand-in")

    def _start_and_deploy(self) -> None:
        settings, processes = self.settings, self.processes
        with step("start PostgreSQL"):
            services.start_postgres(settings, processes)
        with step("start the mail inbox"):
            services.start_mail(settings, processes)
        with step("start the emulator of AWS"):
            services.start_emulator(settings, processes)
        self._deployer.prepare()
        self._put_secrets()
        self.aws.verify_sender(SENDER_DOMAIN)
        stacks = [stack for stack in all_stacks() if self._deployer.needs(stack)]
        if PLATFORM in stacks:
            self._deploy(PLATFORM)
        # Always: it only makes what is missing, and it was perhaps interrupted the last time.
        with step("make the databases") as notes:
            notes.extend(self.aws.invoke(f"lectern-{STAGE}-prepare-databases", {}).get("databases", []))
        api = self.api_url()
        with step("start the stand-in for Stripe"):
            services.start_stripe(settings, processes, api)
        with step("start the API page"):
            services.start_api_page(settings, processes, api)
        for stack in stacks:
            if stack is not PLATFORM:
                self._deploy(stack)
        # Even where no template changed, there may be a new migration.
        for stack in all_stacks():
            if stack is not PLATFORM:
                with step(f"migrate {stack.name}") as notes:
                    done = self.aws.invoke(f"lectern-{STAGE}-migrate-{stack.name}", {})
                    notes.append(f"{len(done.get('applied', []))} applied, at version {done.get('version')}")
        self._recycle_if_older_code_serves()
        if any(stack.name == "payments" for stack in all_stacks()):
            with step("make what is sold at Stripe"):
                self.aws.invoke(f"lectern-{STAGE}-ensure-billing-catalogue", {})
        if len(all_stacks()) == len(CONTEXTS) + 1:
            self._make_people(api)
        self._write_endpoints(api)

    def _deploy(self, stack: Stack) -> None:
        with step(f"deploy the stack {stack.name}"):
            self._deployer.deploy(stack)

    def _put_secrets(self) -> None:
        """What no template may hold; on AWS an operator's tool puts it there."""
        secrets = {
            "database/admin-url": self.settings.admin_database_url,
            "stripe/secret-key": self.settings.stripe.secret_key,
            "stripe/webhook-secret": self.settings.stripe.webhook_secret,
            "stripe/connect-webhook-secret": self.settings.stripe.connect_webhook_secret,
        }
        for name, value in secrets.items():
            if self.aws.parameter(f"{_SECRETS}/{name}") != value:
                self.aws.put_secret(f"{_SECRETS}/{name}", value)

    def _make_people(self, api: str) -> None:
        with step("make the demo people") as notes:
            calls = Api(api)
            for person in PEOPLE:
                demo_people.make(person, calls, self.aws)
            for person in PEOPLE:
                if person.role == "tutor":
                    # Stripe's own onboarding is done by a person, on its page.
                    stand_in = None if self.settings.real_stripe else self.settings.stripe_url
                    demo_people.make_teach(person, calls, stand_in)
            notes.append(str(len(PEOPLE)))

    def api_url(self) -> str:
        """The base URL. It works with `/$default` at its end too, which a shell would take for a variable."""
        identifier = self.aws.parameter(f"{_SECRETS}/api/id")
        return f"{self.settings.emulator_url}/_aws/execute-api/{identifier}"

    def _write_endpoints(self, api: str) -> None:
        get = self.aws.parameter
        database = self.settings.admin_database_url.rpartition("/")[0]
        endpoints = {
            "api": api,
            "signIn": self.sign_in_url(),
            "userPoolId": get(f"{_SECRETS}/user-pool/id"),
            "clientId": get(f"{_SECRETS}/user-pool/client-id"),
            "mail": self.settings.mail_url,
            "apiPage": self.settings.api_page_url,
            "postgres": {context: f"{database}/{context}" for context in CONTEXTS},
            "stripe": self.settings.stripe_url,
            "accounts": [person.account() for person in PEOPLE],
        }
        partial = self.settings.endpoints.with_suffix(".partial")
        partial.write_text(json.dumps(endpoints, indent=2) + "\n")
        partial.replace(self.settings.endpoints)

    def sign_in_url(self) -> str:
        """The hosted sign-in, ready to be opened: the web client with PKCE's example from RFC 7636, appendix B."""
        web_client = self.aws.parameter(f"{_SECRETS}/user-pool/web-client-id")
        return (
            f"{self.settings.emulator_url}/oauth2/authorize?response_type=code&client_id={web_client}"
            "&redirect_uri=http%3A%2F%2Flocalhost%3A3000%2Fcallback&scope=openid+email+profile"
            "&code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        )

    def _recycle_if_older_code_serves(self) -> None:
        """New code for functions that were warm before it was compiled."""
        seen = self.settings.run / "code"
        now = str(services.LOCAL_BINARY.stat().st_mtime_ns) if services.LOCAL_BINARY.exists() else ""
        if not seen.exists() or seen.read_text() != now:
            self.aws.post(RECYCLE)
            seen.write_text(now)

    def reload(self) -> None:
        """Compiles and lets the new code serve."""
        if "emulator" not in self.running():
            raise Problem("the platform does not run: `make dev` starts it")
        with step("compile (cargo build)"):
            build("lectern-local")
        with step("swap the code") as notes:
            notes.append(f"{self.aws.post(RECYCLE)} processes replaced")
            (self.settings.run / "code").write_text(str(services.LOCAL_BINARY.stat().st_mtime_ns))

    def down(self) -> list[str]:
        """Stops everything, last started first. Gives back what ran."""
        return [name for name in reversed(services.NAMES) if services.stop(name, self.processes)]

    def reset(self) -> None:
        """Stops everything and throws the data away."""
        self.down()
        shutil.rmtree(self.settings.state, ignore_errors=True)

    def reset_data(self) -> None:
        """The same, but the choice of ports and the lock that is held stay."""
        self.down()
        for path in self.settings.state.iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name not in ("ports.json", "lock"):
                path.unlink()

    def _take_back(self) -> None:
        """After a failure: ends what this run started."""
        # A second Ctrl-C would leave the half that it is meant to prevent.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        started = [name for name in reversed(self.processes.started) if self.processes.pid(name) is not None]
        for name in started:
            services.stop(name, self.processes)
        if started:
            say(f"Stopped again: {', '.join(started)}. The data is kept; `make dev` goes on from there.")
        signal.signal(signal.SIGINT, signal.default_int_handler)


def build(*packages: str) -> None:
    """`cargo build` of some packages; its progress goes to the terminal."""
    run_cargo(["build", "--locked", *(argument for package in packages for argument in ("-p", package))])


def run_cargo(arguments: list[str]) -> None:
    """Runs cargo in the checkout; its progress goes to the terminal."""
    done = subprocess.run(["cargo", *arguments], cwd=ROOT, check=False, env=os.environ)
    if done.returncode != 0:
        raise Problem("it does not compile; see cargo's words above")
