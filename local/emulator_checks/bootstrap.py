"""A custom runtime in the smallest form, for the checks: what it does is chosen by its handler's name."""

import functools
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
    """A consumer of a queue that reports the messages which it could not handle, and keeps when it had the others."""
    began, failed = time.time(), []
    for record in event["Records"]:
        body = json.loads(record["body"])
        body = body.get("detail", body)
        print(json.dumps({"took": body, "attempt": record["attributes"]["ApproximateReceiveCount"]}), flush=True)
        if body.get("bad"):
            failed.append({"itemIdentifier": record["messageId"]})
        else:
            _keep(body["name"], began)
    return {"batchItemFailures": failed}


def keep_token(event):
    """Leaves a task token where the check finds it."""
    _keep("token", event["token"])


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


def announce(event):
    """Publishes to a topic, in the name of the function's role."""
    return _tried(lambda: _aws("sns").publish(TopicArn=event["topic"], Message=event["message"])["MessageId"])


def cipher(event):
    """Encrypts or decrypts with a key, in the name of the function's role."""
    kms, about = _aws("kms"), {"KeyId": event["key"], "EncryptionContext": event["context"]}
    if "plain" in event:
        call = lambda: kms.encrypt(**about, Plaintext=event["plain"].encode())["CiphertextBlob"].hex()  # noqa: E731
    else:
        hidden = bytes.fromhex(event["hidden"])
        call = lambda: kms.decrypt(**about, CiphertextBlob=hidden)["Plaintext"].decode()  # noqa: E731
    return _tried(call)


def send_mail(event):
    """Sends a mail of text and HTML, in the name of the function's role."""
    part = lambda text: {"Data": text, "Charset": "UTF-8"}  # noqa: E731
    body = {"Text": part(event["text"]), "Html": part(event["html"])}
    return _tried(
        lambda: _aws("sesv2").send_email(
            FromEmailAddress=event["from"],
            Destination={"ToAddresses": [event["to"]]},
            Content={"Simple": {"Subject": part(event["subject"]), "Body": body}},
        )["MessageId"]
    )


def files(event):
    """Puts an object, signs a link to one, or signs a form for one, in the name of the function's role."""
    s3, place = _aws("s3"), {"Bucket": "check-files", "Key": event["key"]}
    if event["do"] == "put":
        return _tried(lambda: s3.put_object(**place, Body=event["body"], ContentType="text/plain")["ETag"])
    if event["do"] == "link":
        return _tried(lambda: s3.generate_presigned_url("get_object", Params=place, ExpiresIn=event["seconds"]))
    conditions = [{"Content-Type": "application/pdf"}, ["content-length-range", 1, event["most"]]]
    fields = {"Content-Type": "application/pdf"}
    return _tried(
        lambda: s3.generate_presigned_post(
            **place, Fields=fields, Conditions=conditions, ExpiresIn=event["seconds"]
        )
    )


def pre_sign_up(event):
    """Refuses a role that is nobody's to choose."""
    if event["request"]["userAttributes"].get("custom:role") == "admin":
        raise ValueError("not a role to choose")
    _keep_event(event)
    return event


def pre_authentication(event):
    """Refuses those whose email says so."""
    _keep_event(event)
    if _email(event).startswith("barred"):
        raise ValueError("barred until noon")
    return event


def custom_message(event):
    """Writes to those whose email says so, rightly or not; the others get the pool's own words."""
    _keep_event(event)
    code, kind = event["request"]["codeParameter"], _email(event).split("-")[0]
    if kind == "custom":
        event["response"] |= {"emailSubject": "Hello", "emailMessage": f"<p>Your code is <b>{code}</b>.</p>"}
    elif kind == "codeless":
        event["response"] |= {"emailSubject": "Hello", "emailMessage": "Guess your code."}
    elif kind == "wordless":
        raise ValueError("no words")
    return event


def post_confirmation(event):
    """Calls back into the service that waits for it."""
    _keep_event(event)
    _aws("cognito-idp").admin_update_user_attributes(
        UserPoolId=event["userPoolId"],
        Username=event["userName"],
        UserAttributes=[{"Name": "custom:user_id", "Value": "ours-" + _email(event)}],
    )
    return event


def pre_token_generation(event):
    """Puts our id into the access token alone; refuses those whose email says so."""
    _keep_event(event)
    if _email(event).startswith("tokenless"):
        raise ValueError("no token for you")
    claims = {"user_id": event["request"]["userAttributes"].get("custom:user_id", ""), "role": "student"}
    event["response"] = {"claimsAndScopeOverrideDetails": {"accessTokenGeneration": {"claimsToAddOrOverride": claims}}}
    return event


def _email(event):
    # Whoever is not found has no attributes, only the name that was typed.
    return event["request"]["userAttributes"].get("email") or event["userName"]


def _keep_event(event):
    """Leaves a trigger's event where the check finds it."""
    _keep(f"{event['triggerSource']}/{_email(event).replace('@', '-at-')}", json.dumps(event))


def _keep(name, value):
    _aws("ssm").put_parameter(Name=f"/taken/{name}", Value=str(value), Type="String", Overwrite=True)


def _tried(call):
    try:
        return {"done": call()}
    except Exception as error:
        # The SDK's error has AWS's own code in it.
        return {"error": getattr(error, "response", {}).get("Error", {}).get("Code") or repr(error)}


@functools.cache
def _aws(service):
    import boto3
    from botocore.config import Config

    # Without being told, it signs links in the old way, which the SDKs of other languages no longer know.
    return boto3.client(service, config=Config(signature_version="s3v4") if service == "s3" else None)


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
