"""An emulator of the checks' own, with one stack in it."""

import io
import json
import shutil
import statistics
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable

import boto3
from botocore.config import Config

from .. import services
from ..aws import ACCESS_KEY, SECRET_KEY
from ..processes import Processes
from ..settings import REGION, Settings, free_ports
from .template import TEMPLATE

_BOOTSTRAP = Path(__file__).parent / "bootstrap.py"


class World:
    """The emulator, what was deployed to it, and how to reach it."""

    def __init__(self) -> None:
        self.settings = Settings(state=Path(tempfile.mkdtemp(prefix="lectern-checks-")), ports=free_ports())
        self.processes = Processes(self.settings)
        self.outputs: dict[str, str] = {}

    def start(self) -> None:
        """Starts the emulator; also after a kill."""
        services.start_emulator(self.settings, self.processes)

    def deploy(self) -> None:
        """Makes the stack."""
        s3, cloudformation = self.client("s3"), self.client("cloudformation")
        s3.create_bucket(Bucket="code")
        s3.put_object(Bucket="code", Key="bootstrap.zip", Body=function_code())
        cloudformation.create_stack(
            StackName="check", TemplateBody=json.dumps(TEMPLATE), Capabilities=["CAPABILITY_IAM"]
        )
        stack = until(lambda: self._finished("check"), seconds=60)
        if stack["StackStatus"] != "CREATE_COMPLETE":
            events = cloudformation.describe_stack_events(StackName="check")["StackEvents"]
            raise AssertionError([event.get("ResourceStatusReason") for event in events if "FAILED" in event["ResourceStatus"]])
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def stack_status(self, name: str) -> str:
        """Where a stack is in its life."""
        return self.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]

    def _finished(self, name: str) -> dict[str, Any] | None:
        stack = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        return None if stack["StackStatus"].endswith("IN_PROGRESS") else stack

    def client(self, service: str, access_key: str = ACCESS_KEY, secret_key: str = SECRET_KEY) -> Any:
        """A client of one service; by default with every right."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.settings.emulator_url,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            config=Config(retries={"total_max_attempts": 1}),
        )

    def keys_of(self, user: str, action: str | None = None, resource: str = "*") -> tuple[str, str]:
        """The keys of a new IAM user, who may do one thing, or nothing."""
        iam = self.client("iam")
        iam.create_user(UserName=user)
        if action:
            allow = {"Effect": "Allow", "Action": action, "Resource": resource}
            document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
            iam.put_user_policy(UserName=user, PolicyName="all", PolicyDocument=document)
        key = iam.create_access_key(UserName=user)["AccessKey"]
        return key["AccessKeyId"], key["SecretAccessKey"]

    @property
    def api(self) -> str:
        """The HTTP API's base URL, in the form in which we give it to people."""
        return f"{self.settings.emulator_url}/_aws/execute-api/{self.outputs['Api']}"

    def taken(self, name: str) -> str | None:
        """When the consumer of the queue was called with something; None if it never was."""
        found = self.client("ssm").get_parameters(Names=[f"/taken/{name}"])["Parameters"]
        return found[0]["Value"] if found else None

    def median_delay(self, publish: Callable[[str], None]) -> float:
        """How long it takes, in seconds, from the call that publishes a name to the call of its consumer."""
        waited = []
        for _ in range(10):
            name = f"speed-{uuid.uuid4()}"
            began = time.time()
            publish(name)
            waited.append(float(until(lambda name=name: self.taken(name))) - began)
        return statistics.median(waited)

    def invoke(self, handler: str, event: Any) -> Any:
        """Calls one of the functions."""
        answer = self.client("lambda").invoke(FunctionName=f"check-{handler}", Payload=json.dumps(event))
        return json.loads(answer["Payload"].read())

    def end(self) -> None:
        """Stops it, and removes what it wrote."""
        self.processes.stop("emulator")
        shutil.rmtree(self.settings.state, ignore_errors=True)


_shared: list[World] = []


def shared() -> World:
    """The one emulator of all checks: started by the first that asks, ended with the run."""
    if not _shared:
        world = World()
        _shared.append(world)
        world.start()
        world.deploy()
    return _shared[0]


def end_shared() -> None:
    """Ends it."""
    while _shared:
        _shared.pop().end()


def until(seen: Callable[[], Any], seconds: float = 15) -> Any:
    """Waits for something, with a limit, and gives it back."""
    limit = time.monotonic() + seconds
    while True:
        found = seen()
        if found:
            return found
        if time.monotonic() > limit:
            raise AssertionError(f"did not happen in {seconds:.0f} s")
        time.sleep(0.05)


def at_once(calls: list[Callable[[], Any]]) -> list[str]:
    """Makes all the calls at the same time; `done` or the error of each, sorted."""

    def outcome(call: Callable[[], Any]) -> str:
        try:
            call()
        except Exception as error:  # noqa: BLE001 - it is what the check is about
            return type(error).__name__
        return "done"

    with ThreadPoolExecutor(len(calls)) as pool:
        return sorted(pool.map(outcome, calls))


def http(method: str, url: str, headers: dict[str, str] | None = None, body: bytes | None = None) -> tuple[int, bytes, Any]:
    """Status, body and headers of an answer, whatever it is."""
    request = urllib.request.Request(url, method=method, headers=headers or {}, data=body)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers


def function_code() -> bytes:
    """The zip of every function: our bootstrap, run by the Python that runs the checks."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, f"#!{sys.executable}\n{_BOOTSTRAP.read_text()}")
    return data.getvalue()
