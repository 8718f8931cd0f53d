"""What the template of the checks is put together from."""

from typing import Any

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": ["lambda.amazonaws.com", "states.amazonaws.com", "apigateway.amazonaws.com"]},
            "Action": "sts:AssumeRole",
        }
    ],
}


def role(*statements: tuple[str | list[str], Any]) -> dict[str, Any]:
    """A role that may do what the statements (actions, resource) say."""
    allowed = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in statements]
    document = {"Version": "2012-10-17", "Statement": allowed}
    properties: dict[str, Any] = {"AssumeRolePolicyDocument": _TRUST}
    if allowed:
        properties["Policies"] = [{"PolicyName": "all", "PolicyDocument": document}]
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def get(resource: str, attribute: str = "Arn") -> dict[str, Any]:
    """An attribute of a resource of this template."""
    return {"Fn::GetAtt": [resource, attribute]}


def ref(resource: str) -> dict[str, str]:
    """A resource of this template."""
    return {"Ref": resource}


def function(handler: str, role: str = "PlainRole", timeout: int = 10) -> dict[str, Any]:
    """A function `check-<handler>`; what it does is in bootstrap.py."""
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "FunctionName": f"check-{handler}",
            "Runtime": "provided.al2023",
            "Handler": handler,
            "Code": {"S3Bucket": "code", "S3Key": "bootstrap.zip"},
            "Role": get(role),
            "Timeout": timeout,
            "Environment": {"Variables": {"STAGE": "check"}},
        },
    }


def arn(handler: str) -> dict[str, str]:
    """The function's ARN, by its name: it may be made after what names it."""
    return {"Fn::Sub": "arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:check-" + handler}
