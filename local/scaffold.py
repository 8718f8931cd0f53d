"""Prints the template's resources for a use case: the start of its entry in functions/<context>/template.yaml.

    python3 -m local scaffold book-lesson

Reads the table (`lectern use-cases`), so it knows the trigger. What only the use case itself knows (rights beyond
its database and the bus, environment variables) is added by hand: docs/adding-a-use-case.md.
"""

import re

from .problem import Problem

LAMBDA = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:lectern-${Stage}"
ALARM = """
  {id}Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      {{ AlarmName: !Sub "{name}", AlarmDescription: "{about}",
        Namespace: AWS/SQS, MetricName: ApproximateNumberOfMessagesVisible, Dimensions: [{{ Name: QueueName, Value: !GetAtt {id}.QueueName }}],
        Statistic: Maximum, Period: 60, EvaluationPeriods: 1, Threshold: 0, ComparisonOperator: GreaterThanThreshold,
        TreatMissingData: notBreaching, AlarmActions: ["{{{{resolve:ssm:/lectern/${{Stage}}/alarm-topic/arn}}}}"] }}
"""


def logical_id(name):
    """`book-lesson` is `BookLesson` in a template."""
    return "".join(part.capitalize() for part in name.split("-"))


def kind_of(use_case):
    trigger = use_case["trigger"]
    return trigger if isinstance(trigger, str) else next(iter(trigger))


def function(use_case, policies=(), environment=(), more=()):
    """The function itself. `policies` are lines of YAML below `Policies:`."""
    name, context, kind = use_case["name"], use_case["context"], kind_of(use_case)
    lines = [
        f"  {logical_id(name)}:",
        "    Type: AWS::Serverless::Function",
        "    Properties:",
        f'      FunctionName: !Sub "lectern-${{Stage}}-{name}"',
        f"      Handler: {name}",
        f"      CodeUri: ../../target/lambda/{name}/",
        *[f"      {line}" for line in more],
    ]
    if kind == "schedule":
        lines += [
            "      EventInvokeConfig:",
            "        MaximumRetryAttempts: 2",
            "        DestinationConfig: { OnFailure: { Type: SQS, Destination: !GetAtt ScheduleFailures.Arn } }",
        ]
    if environment:
        lines += ["      Environment:", "        Variables:", *[f"          {line}" for line in environment]]
    policies = list(policies)
    if kind in ("events", "objects"):
        policies += [
            "- Version: \"2012-10-17\"",
            "  Statement:",
            "    - Effect: Allow",
            '      Action: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]',
            f"      Resource: !GetAtt {logical_id(name)}Queue.Arn",
        ]
    if policies:
        lines += ["      Policies:", *[f"        {line}" for line in policies]]
    return "\n".join(lines) + "\n"


def route(use_case):
    http, base = use_case["trigger"]["http"], logical_id(use_case["name"])
    access = http["access"]
    if access == "public":
        auth = ""
    elif access == "iam":
        auth = "\n      AuthorizationType: AWS_IAM"
    else:
        auth = '\n      AuthorizationType: JWT\n      AuthorizerId: !Sub "{{resolve:ssm:/lectern/${Stage}/api/authorizer-id}}"'
    return f"""
  {base}Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Sub "{{{{resolve:ssm:/lectern/${{Stage}}/api/id}}}}"
      IntegrationType: AWS_PROXY
      IntegrationUri: !GetAtt {base}.Arn
      PayloadFormatVersion: "2.0"
      CredentialsArn: !Sub "{{{{resolve:ssm:/lectern/${{Stage}}/api/gateway-role-arn}}}}"

  {base}Route:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Sub "{{{{resolve:ssm:/lectern/${{Stage}}/api/id}}}}"
      RouteKey: {http["method"]} {http["path"]}
      Target: !Sub "integrations/${{{base}Integration}}"{auth}
"""


def sources(kinds):
    """The buses' sources of event types, as in lectern_domain::event::Envelope::context_of."""
    owner = {"user": "identity", "consent": "identity", "access": "identity", "export": "identity", "tutor": "tutoring", "match": "tutoring", "lesson": "booking", "review": "reviews"}
    return sorted({"lectern." + owner.get(kind.split(".")[0], "payments") for kind in kinds})


def queue(use_case):
    name, base, kinds = use_case["name"], logical_id(use_case["name"]), use_case["trigger"]["events"]
    text = queues(name, base) + f"""
  {base}QueuePolicy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref {base}Queue, !Ref {base}Failures]
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {{ Service: events.amazonaws.com }}
            Action: sqs:SendMessage
            Resource: [!GetAtt {base}Queue.Arn, !GetAtt {base}Failures.Arn]
            Condition: {{ ArnEquals: {{ aws:SourceArn: !GetAtt {base}Rule.Arn }} }}
{topic_statement(base, kinds)}
  {base}Rule:
    Type: AWS::Events::Rule
    Properties:
      Name: !Sub "lectern-${{Stage}}-{name}"
      EventBusName: !Sub "lectern-${{Stage}}"
      EventPattern:
        source: [{", ".join(sources(kinds))}]
        detail-type: [{", ".join(kinds)}]
      Targets:
        - Id: {name}
          Arn: !GetAtt {base}Queue.Arn
          DeadLetterConfig: {{ Arn: !GetAtt {base}Failures.Arn }}
""" + source_mapping(base)
    about = f"Events that {name} could not consume (docs/operations.md, dead letters)"
    return text + topic_subscription(base, kinds) + alarm(f"{base}Failures", f"lectern-${{Stage}}-{name}-failures", about)


def object_queue(use_case):
    """The queue of news of files. The bucket names it in its `NotificationConfiguration`, with the prefix."""
    name, base = use_case["name"], logical_id(use_case["name"])
    text = queues(name, base) + f"""
  {base}QueuePolicy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref {base}Queue]
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {{ Service: s3.amazonaws.com }}
            Action: sqs:SendMessage
            Resource: !GetAtt {base}Queue.Arn
            Condition:
              # Not by !GetAtt: the bucket is made after this policy, which it tries out.
              ArnEquals: {{ aws:SourceArn: !Sub "arn:${{AWS::Partition}}:s3:::BUCKET" }}
              StringEquals: {{ aws:SourceAccount: !Ref AWS::AccountId }}
""" + source_mapping(base)
    about = f"Files that {name} could not look at (docs/operations.md, dead letters)"
    return text + alarm(f"{base}Failures", f"lectern-${{Stage}}-{name}-failures", about)


def queues(name, base):
    return f"""
  {base}Queue:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub "lectern-${{Stage}}-{name}"
      VisibilityTimeout: 60 # six times the function's
      MessageRetentionPeriod: 1209600
      SqsManagedSseEnabled: true
      RedrivePolicy: {{ deadLetterTargetArn: !GetAtt {base}Failures.Arn, maxReceiveCount: 5 }}

  {base}Failures:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub "lectern-${{Stage}}-{name}-failures"
      MessageRetentionPeriod: 1209600
      SqsManagedSseEnabled: true
"""


def source_mapping(base):
    return f"""
  {base}Source:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: !Ref {base}
      EventSourceArn: !GetAtt {base}Queue.Arn
      BatchSize: 10
      FunctionResponseTypes: [ReportBatchItemFailures]
      ScalingConfig: {{ MaximumConcurrency: 5 }}
"""


def has_topic(kinds):
    """Revocations come by a topic too, so that they arrive while the bus is down."""
    return kinds == ["access.revoked"]


def topic_statement(base, kinds):
    if not has_topic(kinds):
        return ""
    return f"""\
          - Effect: Allow
            Principal: {{ Service: sns.amazonaws.com }}
            Action: sqs:SendMessage
            Resource: !GetAtt {base}Queue.Arn
            Condition: {{ ArnEquals: {{ aws:SourceArn: !Sub "{{{{resolve:ssm:/lectern/${{Stage}}/access-topic/arn}}}}" }} }}
"""


def topic_subscription(base, kinds):
    if not has_topic(kinds):
        return ""
    return f"""
  # Beside the bus: a suspension must hold within seconds while the bus is down.
  {base}Subscription:
    Type: AWS::SNS::Subscription
    Properties:
      TopicArn: !Sub "{{{{resolve:ssm:/lectern/${{Stage}}/access-topic/arn}}}}"
      Protocol: sqs
      Endpoint: !GetAtt {base}Queue.Arn
      RawMessageDelivery: true
"""


def alarm(queue_id, name, about):
    # AlarmActions has a dynamic reference inside, which needs !Sub.
    text = ALARM.format(id=queue_id, name=name, about=about)
    return re.sub(r'\["(\{\{resolve[^"]*)"\]', r'[!Sub "\1"]', text)


def schedule(use_case):
    name, base, expression = use_case["name"], logical_id(use_case["name"]), use_case["trigger"]["schedule"]
    value = expression if "(" in expression else f"!Ref {expression}"
    return f"""
  {base}Schedule:
    Type: AWS::Scheduler::Schedule
    Properties:
      Name: !Sub "lectern-${{Stage}}-{name}"
      ScheduleExpression: {value}
      FlexibleTimeWindow: {{ Mode: "OFF" }}
      Target:
        Arn: !GetAtt {base}.Arn
        RoleArn: !GetAtt ScheduleRole.Arn
        RetryPolicy: {{ MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 300 }}
        DeadLetterConfig: {{ Arn: !GetAtt ScheduleFailures.Arn }}
"""


def cognito(use_case):
    base = logical_id(use_case["name"])
    return f"""
  {base}Permission:
    Type: AWS::Lambda::Permission
    Properties:
      FunctionName: !Ref {base}
      Action: lambda:InvokeFunction
      Principal: cognito-idp.amazonaws.com
      SourceArn: !Sub "{{{{resolve:ssm:/lectern/${{Stage}}/user-pool/arn}}}}"
"""


def resources(use_case, **about):
    """Everything that a use case needs in its context's template."""
    parts = {"http": route, "events": queue, "objects": object_queue, "schedule": schedule, "cognito": cognito}
    title = f"  # {'-' * 90} {use_case['name']}\n"
    more = parts.get(kind_of(use_case))
    return title + function(use_case, **about) + (more(use_case) if more else "")


def main(names, table):
    """Prints the resources of the use cases named."""
    known = {use_case["name"]: use_case for use_case in table}
    for name in names:
        if name not in known:
            raise Problem(f"there is no use case {name!r} in the table")
        policies = ["- !Ref ReadDatabaseUrl", "- !Ref PublishEvents # only if it publishes"]
        print(resources(known[name], policies=policies))
