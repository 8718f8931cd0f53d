"""What must hold before anything is changed in the account."""

import shutil
import sys
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from .problem import Problem, say
from .stage import CONTEXTS, ROOT, code_directories, stack_name, template

_ELF, _AARCH64 = b"\x7fELF", 183
# A new account starts with 10; one page of the site may need more functions at once.
_CONCURRENCY_WANTED = 100


def sam() -> str:
    """The `sam` beside the Python that runs this, else the one on the path."""
    beside = Path(sys.executable).parent / "sam"
    found = str(beside) if beside.exists() else shutil.which("sam")
    if not found:
        raise Problem("the AWS SAM command line isn't installed: `make dev` or `make tools` installs it")
    return found


def check_account(session, stage: str) -> str:
    """Credentials and region are there, and the user sees which. Gives the account's number."""
    if not session.region_name:
        raise Problem("no region is chosen: set AWS_REGION, or `region` of your AWS profile")
    try:
        who = session.client("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise Problem(f"no valid AWS credentials ({error}): set AWS_PROFILE, or sign in with `aws sso login`") from error
    say(f"Stage {stage} in account {who['Account']}, region {session.region_name}, as {who['Arn'].split('/')[-1]}")
    return who["Account"]


def check_room(session) -> None:
    """Warns of an account whose functions can't run side by side."""
    limit = session.client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    if limit < _CONCURRENCY_WANTED:
        say(f"  Mind: this account runs at most {limit} functions at once; ask for more (docs/operations.md, quotas)")


def check_stacks(session, stage: str) -> None:
    """No stack is in a state from which it can't be deployed."""
    formation = session.client("cloudformation")
    for part in ("platform", *CONTEXTS):
        name = stack_name(stage, part)
        status = stack_status(formation, name)
        if status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"):
            raise Problem(f"the stack {name} is in {status}: its first deployment failed; delete it and try again")
        if status and status.endswith("_IN_PROGRESS"):
            raise Problem(f"the stack {name} is in {status}: another deployment is under way; wait for it")


def stack_status(formation, name: str) -> str | None:
    """The state of a stack; None when there is none."""
    try:
        return formation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise


def failures(formation, name: str, since: float) -> str:
    """The resources of a stack that failed, and why; not those that were only cancelled with them."""
    try:
        events = formation.describe_stack_events(StackName=name)["StackEvents"]
    except ClientError:  # there is no stack at all; then what sam said must do
        return ""
    failed = [
        f"\n  {event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason', '?')}"
        for event in events
        if event["ResourceStatus"].endswith("_FAILED")
        and event["Timestamp"].timestamp() >= since
        and "cancelled" not in event.get("ResourceStatusReason", "").lower()
    ]
    return ":" + "".join(reversed(failed)) if failed else ""


def check_build(root: Path = ROOT) -> None:
    """Every function of every template is there, as a real binary for the processor that AWS runs it on."""
    wrong = []
    for part in ("platform", *CONTEXTS):
        if not template(part, root).exists():
            raise Problem(f"{template(part, root)} is missing")
        for directory in code_directories(part, root):
            why = _why_not_shippable(directory / "bootstrap")
            if why:
                wrong.append(f"  {directory.name}: {why}")
    if wrong:
        raise Problem("these functions can't be shipped; `make build` makes them:\n" + "\n".join(wrong))


def _why_not_shippable(binary: Path) -> str | None:
    if not binary.exists():
        return "not built"
    with binary.open("rb") as file:
        head = file.read(20)
    if head[:4] != _ELF:
        return "not a binary (a stub of the local platform?)"
    if int.from_bytes(head[18:20], "little") != _AARCH64:
        return "not built for arm64"
    return None
