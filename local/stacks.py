"""Every stack, deployed by the real `sam deploy` from byte-for-byte copies of the templates that go to AWS.

Only the code is another: a copy stands beside a tree of stubs, each of which runs the one binary that holds every
use case (docs/ARCHITECTURE.md).
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from .aws import ACCESS_KEY, SECRET_KEY, Aws
from .install import SAM, environment_without_python
from .problem import Problem
from .settings import CONTEXTS, REGION, ROOT, STAGE, Settings

_STUB = '#!/bin/sh\nexec "$LECTERN_LOCAL_BINARY"\n'
_CODE = re.compile(r"target/lambda/([a-z0-9-]+)")
_BUCKET = "lectern-local-deployments"
# A stack in one of these was never whole and cannot be updated: it is deleted first.
_BROKEN = (
    *("ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED"),
    *("REVIEW_IN_PROGRESS", "CREATE_IN_PROGRESS"),
)


@dataclass(frozen=True)
class Stack:
    """One stack to deploy."""

    name: str
    template: Path

    @property
    def full_name(self) -> str:
        return f"lectern-{STAGE}-{self.name}"


PLATFORM = Stack("platform", Path("template.yaml"))


def all_stacks() -> list[Stack]:
    """In the order in which they are deployed. A context whose template is not written yet is left out."""
    contexts = [Stack(name, Path("functions") / name / "template.yaml") for name in CONTEXTS]
    return [stack for stack in (PLATFORM, *contexts) if (ROOT / stack.template).exists()]


class Deployer:
    """Deploys to one copy of the platform, and remembers what it deployed."""

    def __init__(self, settings: Settings, aws: Aws) -> None:
        self._settings = settings
        self._aws = aws
        self._tree = settings.state / "stacks"
        # Inside the emulator's state: what was deployed is known for as long as the emulator knows it.
        self._memory = settings.state / "emulator" / "deployed.json"

    def prepare(self) -> None:
        """Copies the templates and what they name, and makes the stubs."""
        shutil.rmtree(self._tree, ignore_errors=True)
        names: set[str] = set()
        for stack in all_stacks():
            copy = self._tree / stack.template
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / stack.template, copy)
            names.update(_CODE.findall(copy.read_text()))
            if stack is not PLATFORM:
                for machine in (ROOT / stack.template).parent.glob("*.asl.*"):
                    shutil.copyfile(machine, copy.parent / machine.name)
        for name in names:
            stub = self._tree / "target" / "lambda" / name / "bootstrap"
            stub.parent.mkdir(parents=True)
            stub.write_text(_STUB)
            stub.chmod(0o755)

    def needs(self, stack: Stack) -> bool:
        """Whether it changed since it was deployed."""
        return self._deployed().get(stack.name) != self._digest(stack)

    def deploy(self, stack: Stack) -> None:
        """Deploys it; a failure names the resource and the reason."""
        self._aws.make_bucket(_BUCKET)
        self._make_deployable(stack)
        parameters = [f"{name}={value}" for name, value in self._settings.parameters().items()]
        done = subprocess.run(
            [
                *(str(SAM), "deploy", "--template-file", str(self._tree / stack.template)),
                *("--stack-name", stack.full_name, "--region", REGION, "--s3-bucket", _BUCKET),
                *("--s3-prefix", stack.name, "--capabilities", "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"),
                *("--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar"),
                *("--parameter-overrides", *parameters),
            ],
            cwd=self._tree,
            env=self._environment(),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        self._settings.logs.mkdir(parents=True, exist_ok=True)
        log = self._settings.logs / f"deploy-{stack.name}.log"
        log.write_text(done.stdout)
        if done.returncode != 0:
            raise Problem(self._failure(stack, done.stdout, log))
        self._memory.write_text(json.dumps(self._deployed() | {stack.name: self._digest(stack)}))

    def _make_deployable(self, stack: Stack, seconds: float = 30) -> None:
        """Whatever an interrupted or failed deployment left: waits for its end, or deletes what never was whole."""
        limit = time.monotonic() + seconds
        while (status := self._aws.stack_status(stack.full_name) or "").endswith("_IN_PROGRESS"):
            if status == "REVIEW_IN_PROGRESS" or time.monotonic() > limit:
                break
            time.sleep(0.2)
        if status in _BROKEN:
            self._aws.delete_stack(stack.full_name)
        elif status.endswith("_IN_PROGRESS"):
            # The emulator was killed while it changed a stack that has data.
            raise Problem(f"a change of the stack {stack.full_name} was cut off ({status}): `make reset` begins anew")

    def _failure(self, stack: Stack, said: str, log: Path) -> str:
        failures = self._aws.stack_failures(stack.full_name)
        if not failures:
            failures = [line.strip() for line in said.splitlines() if "rror" in line][-5:]
        listed = "\n".join(f"  - {failure}" for failure in failures)
        return f"the stack {stack.full_name} ({stack.template}) could not be deployed:\n{listed}\nAll of it: {log}"

    def _environment(self) -> dict[str, str]:
        mine = {
            name: value
            for name, value in environment_without_python().items()
            # Whoever has an account of AWS must not reach it from here.
            if not name.startswith(("AWS_", "SAM_CLI"))
        }
        return mine | {
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_ENDPOINT_URL": self._settings.emulator_url,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "SAM_CLI_TELEMETRY": "0",
            # SAM asks a host outside for newer versions of itself unless it is told that a machine runs it.
            "CI": "true",
            # CloudFormation is asked each half second instead of each five.
            "SAM_CLI_POLL_DELAY": "0.5",
        }

    def _deployed(self) -> dict[str, str]:
        try:
            return json.loads(self._memory.read_text())
        except (FileNotFoundError, ValueError):
            return {}

    def _digest(self, stack: Stack) -> str:
        digest = hashlib.sha256(_STUB.encode())
        folder = (self._tree / stack.template).parent
        files = [self._tree / stack.template]
        if stack is not PLATFORM:
            files += sorted(folder.glob("*.asl.*"))
        for file in files:
            digest.update(file.read_bytes())
        template = files[0].read_text()
        for name, value in sorted(self._settings.parameters().items()):
            # Only what the template declares: another stack's parameter is no reason to deploy this one.
            if re.search(rf"^  {name}:", template, re.MULTILINE):
                digest.update(f"{name}={value}\0".encode())
        return digest.hexdigest()
