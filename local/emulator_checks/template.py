"""The one stack of the checks, written as CloudFormation, because that is how all of ours is made."""

from typing import Any

from .template_outside import outside
from .template_parts import function, get, ref, role
from .template_users import users


def _publisher_role() -> dict[str, Any]:
    made = role(("events:PutEvents", get("Bus")))
    [statement] = made["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    statement["Condition"] = {"StringEquals": {"events:source": "lectern.mine"}}
    return made


def _functions() -> dict[str, Any]:
    return {
        "PlainRole": role(),
        "Echo": function("echo"),
        "Slow": function("slow"),
        "Sleepy": function("sleepy", timeout=1),
        "Fail": function("fail"),
        "ReaderRole": role(("ssm:GetParameter", {"Fn::Sub": "arn:aws:ssm:*:${AWS::AccountId}:parameter/open/*"})),
        "PublisherRole": _publisher_role(),
        "Publisher": function("publish", "PublisherRole"),
        "Reader": function("read-parameter", "ReaderRole"),
    }


def _route(name: str, key: str, **properties: Any) -> dict[str, Any]:
    integration = {
        "ApiId": ref("Api"),
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": get("Http"),
        "PayloadFormatVersion": "2.0",
        "CredentialsArn": get("GatewayRole"),
    }
    target = {"Fn::Sub": "integrations/${" + name + "Integration}"}
    return {
        f"{name}Integration": {"Type": "AWS::ApiGatewayV2::Integration", "Properties": integration},
        f"{name}Route": {
            "Type": "AWS::ApiGatewayV2::Route",
            "Properties": {"ApiId": ref("Api"), "RouteKey": key, "Target": target, **properties},
        },
    }


def _api() -> dict[str, Any]:
    cors = {"AllowOrigins": ["http://localhost:3000"], "AllowMethods": ["GET", "PUT"], "AllowHeaders": ["authorization"]}
    issuer = {"Fn::Sub": "https://cognito-idp.${AWS::Region}.amazonaws.com/${Pool}"}
    return {
        "Http": function("http"),
        "GatewayRole": role(("lambda:InvokeFunction", get("Http"))),
        "Api": {
            "Type": "AWS::ApiGatewayV2::Api",
            "Properties": {"Name": "check", "ProtocolType": "HTTP", "CorsConfiguration": cors},
        },
        "ApiStage": {
            "Type": "AWS::ApiGatewayV2::Stage",
            "Properties": {"ApiId": ref("Api"), "StageName": "$default", "AutoDeploy": True},
        },
        "Authorizer": {
            "Type": "AWS::ApiGatewayV2::Authorizer",
            "Properties": {
                "ApiId": ref("Api"),
                "Name": "jwt",
                "AuthorizerType": "JWT",
                "IdentitySource": ["$request.header.Authorization"],
                "JwtConfiguration": {"Issuer": issuer, "Audience": [ref("Client")]},
            },
        },
        **_route("Mine", "GET /mine", AuthorizationType="JWT", AuthorizerId=ref("Authorizer")),
        **_route("Internal", "POST /internal/check", AuthorizationType="AWS_IAM"),
        **_route("Open", "GET /open"),
    }


def _queues() -> dict[str, Any]:
    send = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": get("Queue")}
    allow = [
        {**send, "Principal": {"Service": "events.amazonaws.com"}},
        {
            **send,
            "Principal": {"Service": "sns.amazonaws.com"},
            "Condition": {"ArnEquals": {"aws:SourceArn": ref("Topic")}},
        },
    ]
    redrive = {"deadLetterTargetArn": get("Failures"), "maxReceiveCount": 2}
    return {
        "ConsumerRole": role(
            (["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], get("Queue")),
            ("ssm:PutParameter", {"Fn::Sub": "arn:aws:ssm:*:${AWS::AccountId}:parameter/taken/*"}),
        ),
        "Consumer": function("take-messages", "ConsumerRole"),
        "Keeper": function("keep-token", "ConsumerRole"),
        "Failures": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "failures"}},
        "Queue": {
            "Type": "AWS::SQS::Queue",
            "Properties": {"QueueName": "work", "VisibilityTimeout": 1, "RedrivePolicy": redrive},
        },
        "QueuePolicy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {
                "Queues": [ref("Queue")],
                "PolicyDocument": {"Version": "2012-10-17", "Statement": allow},
            },
        },
        "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "check"}},
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "EventBusName": ref("Bus"),
                "EventPattern": {"source": [{"prefix": "lectern."}], "detail-type": ["lesson.scheduled"]},
                "Targets": [{"Id": "queue", "Arn": get("Queue")}],
            },
        },
        "Source": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "FunctionName": ref("Consumer"),
                "EventSourceArn": get("Queue"),
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
        "SagaRole": role(("lambda:InvokeFunction", [get("Echo"), get("Fail"), get("Keeper")])),
    }


TEMPLATE: dict[str, Any] = {
    "AWSTemplateFormatVersion": "2010-09-09",
    "Resources": {**_functions(), **users(), **_api(), **_queues(), **_data(), **outside()},
    "Outputs": {
        "Api": {"Value": ref("Api")},
        "Pool": {"Value": ref("Pool")},
        "Client": {"Value": ref("Client")},
        "OtherClient": {"Value": ref("OtherClient")},
        "DiscreetClient": {"Value": ref("DiscreetClient")},
        "PageClient": {"Value": ref("PageClient")},
        "Queue": {"Value": ref("Queue")},
        "QueueArn": {"Value": get("Queue")},
        "Failures": {"Value": ref("Failures")},
        "Topic": {"Value": ref("Topic")},
        "OtherTopic": {"Value": ref("OtherTopic")},
        "SagaRole": {"Value": get("SagaRole")},
        "Key": {"Value": get("Key")},
    },
}
