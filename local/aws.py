"""The few calls that the orchestrator makes to the emulator itself, without an SDK to install first."""

import json
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ElementTree
from typing import Any

from .problem import Problem
from .settings import REGION, Settings

# The emulator's root. It checks the signatures of roles and users, but not that of this key.
ACCESS_KEY = "test"
SECRET_KEY = "test"


class Refused(Problem):
    """AWS answered with an error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class Aws:
    """Calls to one copy of the emulator."""

    def __init__(self, settings: Settings) -> None:
        self._url = f"http://127.0.0.1:{settings.ports['emulator']}"

    def _send(self, service: str, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[bytes, Any]:
        signed = (
            f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/20260101/{REGION}/{service}/aws4_request, "
            "SignedHeaders=host, Signature=0"
        )
        request = urllib.request.Request(
            self._url + path, data=body, method=method, headers={"Authorization": signed, **headers}
        )
        try:
            with urllib.request.urlopen(request, timeout=180) as answer:
                return answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
            raise Refused(_error_code(text) or str(error.code), text) from None
        except OSError as error:
            raise Problem(f"the emulator at {self._url} does not answer: {error}") from None

    def is_up(self) -> bool:
        """Whether it serves."""
        try:
            with urllib.request.urlopen(self._url + "/_ministack/health", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def post(self, path: str) -> str:
        """A call to the emulator's own administration."""
        return self._send("lambda", "POST", path, b"", {})[0].decode()

    def _json(self, service: str, target: str, data: dict[str, Any]) -> dict[str, Any]:
        headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
        return json.loads(self._send(service, "POST", "/", json.dumps(data).encode(), headers)[0] or b"{}")

    def parameter(self, name: str) -> str | None:
        """A value from SSM, decrypted; None if there is none."""
        try:
            answer = self._json("ssm", "AmazonSSM.GetParameter", {"Name": name, "WithDecryption": True})
        except Refused as refused:
            if refused.code == "ParameterNotFound":
                return None
            raise
        return answer["Parameter"]["Value"]

    def put_secret(self, name: str, value: str) -> None:
        """Stores a SecureString, over the one that was there."""
        data = {"Name": name, "Value": value, "Type": "SecureString", "Overwrite": True}
        self._json("ssm", "AmazonSSM.PutParameter", data)

    def verify_sender(self, domain: str) -> None:
        """Makes a domain one that letters may come from. On AWS its owner proves that it is theirs."""
        data = json.dumps({"EmailIdentity": domain}).encode()
        try:
            self._send("ses", "POST", "/v2/email/identities", data, {"Content-Type": "application/json"})
        except Refused as refused:
            if refused.code != "AlreadyExistsException":
                raise

    def make_bucket(self, name: str) -> None:
        """Makes a bucket, if it is not there."""
        try:
            self._send("s3", "PUT", f"/{name}", b"", {})
        except Refused as refused:
            if refused.code not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                raise

    def invoke(self, function: str, event: dict[str, Any]) -> dict[str, Any]:
        """Calls a function and waits for its answer."""
        path = f"/2015-03-31/functions/{urllib.parse.quote(function)}/invocations"
        try:
            body, headers = self._send("lambda", "POST", path, json.dumps(event).encode(), {})
        except Refused as refused:
            raise Problem(f"could not invoke {function}: {refused}") from None
        if headers.get("X-Amz-Function-Error"):
            raise Problem(f"{function} failed: {body.decode(errors='replace')}")
        return json.loads(body)

    def items(self, table: str, partition: str) -> list[dict[str, str]]:
        """The items of one partition of a table whose partition key is `pk`, in the order of their sort key."""
        found: list[dict[str, str]] = []
        query: dict[str, Any] = {
            "TableName": table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": partition}},
            "ConsistentRead": True,
        }
        while True:
            page = self._json("dynamodb", "DynamoDB_20120810.Query", query)
            found += [{name: str(next(iter(value.values()))) for name, value in item.items()} for item in page["Items"]]
            if not page.get("LastEvaluatedKey"):
                return found
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def execution(self, arn: str) -> dict[str, Any]:
        """A state machine's execution: its status, and when it began and ended."""
        return self._json("states", "AWSStepFunctions.DescribeExecution", {"executionArn": arn})

    def execution_history(self, arn: str) -> list[dict[str, Any]]:
        """Everything that happened in an execution, in order."""
        events: list[dict[str, Any]] = []
        query: dict[str, Any] = {"executionArn": arn, "maxResults": 1000}
        while True:
            page = self._json("states", "AWSStepFunctions.GetExecutionHistory", query)
            events += page["events"]
            if not page.get("nextToken"):
                return events
            query["nextToken"] = page["nextToken"]

    def stack_status(self, stack: str) -> str | None:
        """CREATE_COMPLETE and the like; None if there is no such stack."""
        try:
            tree = self._cloudformation("DescribeStacks", StackName=stack)
        except Refused:
            return None
        return _text(tree, "StackStatus")

    def stack_failures(self, stack: str) -> list[str]:
        """What failed in the stack's last deployment, the first failure first."""
        try:
            tree = self._cloudformation("DescribeStackEvents", StackName=stack)
        except Refused:
            return []  # it did not even come to be
        failures = []
        # The newest event is the first.
        for event in (each for each in tree.iter() if _name(each) == "member"):
            status, resource = _text(event, "ResourceStatus") or "", _text(event, "LogicalResourceId")
            if "FAILED" in status:
                why = _text(event, "ResourceStatusReason") or "no reason given"
                failures.append(f"{resource} ({_text(event, 'ResourceType')}): {why}")
            elif resource == stack and status in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"):
                break  # the beginning of the last deployment
        return list(reversed(failures))

    def delete_stack(self, stack: str) -> None:
        """Deletes a stack."""
        self._cloudformation("DeleteStack", StackName=stack)

    def _cloudformation(self, action: str, **parameters: str) -> ElementTree.Element:
        body = urllib.parse.urlencode({"Action": action, "Version": "2010-05-15", **parameters}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return ElementTree.fromstring(self._send("cloudformation", "POST", "/", body, headers)[0])


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _text(tree: ElementTree.Element, name: str) -> str | None:
    return next((element.text for element in tree.iter() if _name(element) == name), None)


def _error_code(text: str) -> str | None:
    try:
        if text.lstrip().startswith("{"):
            said = json.loads(text)
            return str(said.get("__type") or said.get("code") or said.get("Code") or "").rpartition("#")[2] or None
        return _text(ElementTree.fromstring(text), "Code")
    except (ValueError, ElementTree.ParseError):
        return None
