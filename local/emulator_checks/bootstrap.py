"""A custom runtime in the smallest form, for the checks: what it does is chosen by its handler's name."""

import json
import os
import time
import urllib.request

RUNTIME = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"


def echo(event):
    """What came in, and what is around."""
    return {"event": event, "pid": os.getpid(), "environment": dict(os.environ)}


def slow(event):
    """Answers after a while."""
    time.sleep(event["seconds"])
    return {"pid": os.getpid()}


def sleepy(event):
    """Never answers in its time."""
    time.sleep(60)


def fail(event):
    """Never answers well."""
    raise ValueError("as it was told to")


def http(event):
    """What the HTTP API tells of its caller."""
    return {"statusCode": 200, "body": json.dumps(event["requestContext"].get("authorizer", {}))}


def take_messages(event):
    """A consumer of a queue that reports the messages which it could not handle."""
    failed = []
    for record in event["Records"]:
        body = json.loads(record["body"])
        body = body.get("detail", body)
        print(json.dumps({"took": body, "attempt": record["attributes"]["ApproximateReceiveCount"]}), flush=True)
        if body.get("bad"):
            failed.append({"itemIdentifier": record["messageId"]})
        else:
            _aws("ssm").put_parameter(Name=f"/taken/{body['name']}", Value="1", Type="String", Overwrite=True)
    return {"batchItemFailures": failed}


def keep_token(event):
    """Leaves a task token where the check finds it."""
    _aws("ssm").put_parameter(Name="/taken/token", Value=event["token"], Type="String", Overwrite=True)


def publish(event):
    """Publishes under the sources that it is told."""
    entry = {"EventBusName": "check", "DetailType": "lesson.happened", "Detail": "{}"}
    try:
        answer = _aws("events").put_events(Entries=[{**entry, "Source": source} for source in event["sources"]])
        return {"failed": answer["FailedEntryCount"]}
    except Exception as error:
        return {"error": type(error).__name__}


def read_parameter(event):
    """Reads a parameter with the rights of the function's role."""
    try:
        return {"value": _aws("ssm").get_parameter(Name=event["name"], WithDecryption=True)["Parameter"]["Value"]}
    except Exception as error:
        return {"error": type(error).__name__}


def pre_sign_up(event):
    """Refuses a role that is nobody's to choose."""
    if event["request"]["userAttributes"].get("custom:role") == "admin":
        raise ValueError("not a role to choose")
    return event


def post_confirmation(event):
    """Calls back into the service that waits for it."""
    _aws("cognito-idp").admin_update_user_attributes(
        UserPoolId=event["userPoolId"],
        Username=event["userName"],
        UserAttributes=[{"Name": "custom:user_id", "Value": "ours-" + event["request"]["userAttributes"]["email"]}],
    )
    return event


def pre_token_generation(event):
    """Puts our id into the access token alone."""
    claims = {"user_id": event["request"]["userAttributes"].get("custom:user_id", ""), "role": "student"}
    event["response"] = {"claimsAndScopeOverrideDetails": {"accessTokenGeneration": {"claimsToAddOrOverride": claims}}}
    return event


def _aws(service):
    import boto3

    return boto3.client(service)


def main():
    """The loop of every custom runtime."""
    handler = globals()[os.environ["_HANDLER"].replace("-", "_")]
    while True:
        with urllib.request.urlopen(f"{RUNTIME}/next") as answer:
            request, event = answer.headers["Lambda-Runtime-Aws-Request-Id"], json.loads(answer.read())
        try:
            result, end = handler(event), "response"
        except Exception as error:
            result, end = {"errorType": type(error).__name__, "errorMessage": str(error)}, "error"
        data = json.dumps(result).encode()
        urllib.request.urlopen(urllib.request.Request(f"{RUNTIME}/{request}/{end}", data=data)).close()


main()
