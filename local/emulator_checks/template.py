"""The one stack of the checks, written as CloudFormation, because that is how all of ours is made."""

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


def _role(*statements: tuple[str | list[str], Any]) -> dict[str, Any]:
    allowed = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in statements]
    document = {"Version": "2012-10-17", "Statement": allowed}
    properties: dict[str, Any] = {"AssumeRolePolicyDocument": _TRUST}
    if allowed:
        properties["Policies"] = [{"PolicyName": "all", "PolicyDocument": document}]
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def _get(resource: str, attribute: str = "Arn") -> dict[str, Any]:
    return {"Fn::GetAtt": [resource, attribute]}


def _ref(resource: str) -> dict[str, str]:
    return {"Ref": resource}


def _function(handler: str, role: str = "PlainRole", timeout: int = 10) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "FunctionName": f"check-{handler}",
            "Runtime": "provided.al2023",
            "Handler": handler,
            "Code": {"S3Bucket": "code", "S3Key": "bootstrap.zip"},
            "Role": _get(role),
            "Timeout": timeout,
            "Environment": {"Variables": {"STAGE": "check"}},
        },
    }


def _arn(handler: str) -> dict[str, str]:
    return {"Fn::Sub": "arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:check-" + handler}


def _publisher_role() -> dict[str, Any]:
    role = _role(("events:PutEvents", _get("Bus")))
    [statement] = role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    statement["Condition"] = {"StringEquals": {"events:source": "lectern.mine"}}
    return role


def _functions() -> dict[str, Any]:
    return {
        "PlainRole": _role(),
        "Echo": _function("echo"),
        "Slow": _function("slow"),
        "Sleepy": _function("sleepy", timeout=1),
        "Fail": _function("fail"),
        "ReaderRole": _role(("ssm:GetParameter", {"Fn::Sub": "arn:aws:ssm:*:${AWS::AccountId}:parameter/open/*"})),
        "PublisherRole": _publisher_role(),
        "Publisher": _function("publish", "PublisherRole"),
        "Reader": _function("read-parameter", "ReaderRole"),
    }


def _users() -> dict[str, Any]:
    triggers = {
        "PreSignUp": _arn("pre-sign-up"),
        "PostConfirmation": _arn("post-confirmation"),
        "PreTokenGenerationConfig": {"LambdaArn": _arn("pre-token-generation"), "LambdaVersion": "V2_0"},
    }
    attributes = [{"Name": name, "AttributeDataType": "String", "Mutable": True} for name in ("role", "user_id")]
    client = {
        "UserPoolId": _ref("Pool"),
        "GenerateSecret": False,
        "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    }
    return {
        "TriggerRole": _role(("cognito-idp:AdminUpdateUserAttributes", "*")),
        "PreSignUp": _function("pre-sign-up"),
        "PostConfirmation": _function("post-confirmation", "TriggerRole"),
        "PreTokenGeneration": _function("pre-token-generation"),
        "Pool": {
            "Type": "AWS::Cognito::UserPool",
            "Properties": {
                "UserPoolName": "check",
                "UsernameAttributes": ["email"],
                "AutoVerifiedAttributes": ["email"],
                "Schema": attributes,
                "LambdaConfig": triggers,
            },
        },
        "Client": {"Type": "AWS::Cognito::UserPoolClient", "Properties": {**client, "ClientName": "ours"}},
        "OtherClient": {"Type": "AWS::Cognito::UserPoolClient", "Properties": {**client, "ClientName": "another"}},
    }


def _route(name: str, key: str, **properties: Any) -> dict[str, Any]:
    integration = {
        "ApiId": _ref("Api"),
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": _get("Http"),
        "PayloadFormatVersion": "2.0",
        "CredentialsArn": _get("GatewayRole"),
    }
    target = {"Fn::Sub": "integrations/${" + name + "Integration}"}
    return {
        f"{name}Integration": {"Type": "AWS::ApiGatewayV2::Integration", "Properties": integration},
        f"{name}Route": {
            "Type": "AWS::ApiGatewayV2::Route",
            "Properties": {"ApiId": _ref("Api"), "RouteKey": key, "Target": target, **properties},
        },
    }


def _api() -> dict[str, Any]:
    cors = {"AllowOrigins": ["http://localhost:3000"], "AllowMethods": ["GET", "PUT"], "AllowHeaders": ["authorization"]}
    issuer = {"Fn::Sub": "https://cognito-idp.${AWS::Region}.amazonaws.com/${Pool}"}
    return {
        "Http": _function("http"),
        "GatewayRole": _role(("lambda:InvokeFunction", _get("Http"))),
        "Api": {
            "Type": "AWS::ApiGatewayV2::Api",
            "Properties": {"Name": "check", "ProtocolType": "HTTP", "CorsConfiguration": cors},
        },
        "ApiStage": {
            "Type": "AWS::ApiGatewayV2::Stage",
            "Properties": {"ApiId": _ref("Api"), "StageName": "$default", "AutoDeploy": True},
        },
        "Authorizer": {
            "Type": "AWS::ApiGatewayV2::Authorizer",
            "Properties": {
                "ApiId": _ref("Api"),
                "Name": "jwt",
                "AuthorizerType": "JWT",
                "IdentitySource": ["$request.header.Authorization"],
                "JwtConfiguration": {"Issuer": issuer, "Audience": [_ref("Client")]},
            },
        },
        **_route("Mine", "GET /mine", AuthorizationType="JWT", AuthorizerId=_ref("Authorizer")),
        **_route("Internal", "POST /internal/check", AuthorizationType="AWS_IAM"),
        **_route("Open", "GET /open"),
    }


def _queues() -> dict[str, Any]:
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": _get("Queue"),
    }
    redrive = {"deadLetterTargetArn": _get("Failures"), "maxReceiveCount": 2}
    return {
        "ConsumerRole": _role(
            (["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], _get("Queue")),
            ("ssm:PutParameter", {"Fn::Sub": "arn:aws:ssm:*:${AWS::AccountId}:parameter/taken/*"}),
        ),
        "Consumer": _function("take-messages", "ConsumerRole"),
        "Keeper": _function("keep-token", "ConsumerRole"),
        "Failures": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "failures"}},
        "Queue": {
            "Type": "AWS::SQS::Queue",
            "Properties": {"QueueName": "work", "VisibilityTimeout": 1, "RedrivePolicy": redrive},
        },
        "QueuePolicy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {
                "Queues": [_ref("Queue")],
                "PolicyDocument": {"Version": "2012-10-17", "Statement": [allow]},
            },
        },
        "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "check"}},
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "EventBusName": _ref("Bus"),
                "EventPattern": {"source": [{"prefix": "lectern."}], "detail-type": ["lesson.scheduled"]},
                "Targets": [{"Id": "queue", "Arn": _get("Queue")}],
            },
        },
        "Source": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "FunctionName": _ref("Consumer"),
                "EventSourceArn": _get("Queue"),
                "BatchSize": 10,
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
            },
        },
    }


def _data() -> dict[str, Any]:
    return {
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "TableName": "check",
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "TimeToLiveSpecification": {"AttributeName": "expiresAt", "Enabled": True},
            },
        },
        "Handed": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Name": "/handed/over", "Value": "yes"}},
        "SagaRole": _role(("lambda:InvokeFunction", [_get("Echo"), _get("Fail"), _get("Keeper")])),
    }


TEMPLATE: dict[str, Any] = {
    "AWSTemplateFormatVersion": "2010-09-09",
    "Resources": {**_functions(), **_users(), **_api(), **_queues(), **_data()},
    "Outputs": {
        "Api": {"Value": _ref("Api")},
        "Pool": {"Value": _ref("Pool")},
        "Client": {"Value": _ref("Client")},
        "OtherClient": {"Value": _ref("OtherClient")},
        "Queue": {"Value": _ref("Queue")},
        "Failures": {"Value": _ref("Failures")},
        "SagaRole": {"Value": _get("SagaRole")},
    },
}
