"""What leaves through topics, mail and files in the stack of the checks."""

from typing import Any

from .template_parts import function, get, ref, role


def outside() -> dict[str, Any]:
    """Topics, mail, files."""
    return {**_topics(), **_mail(), **_files()}


def _topics() -> dict[str, Any]:
    return {
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "access-revoked"}},
        "OtherTopic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "nobody-may"}},
        "TopicName": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Type": "String", "Name": "/handed/topic/arn", "Value": ref("Topic")},
        },
        "AnnouncerRole": role(("sns:Publish", ref("Topic"))),
        "Announcer": function("announce", "AnnouncerRole"),
        "MuteAnnouncer": {**function("announce"), **_named("check-announce-mute", "announce")},
    }


def _mail() -> dict[str, Any]:
    identity = {"Fn::Sub": "arn:aws:ses:${AWS::Region}:${AWS::AccountId}:identity/lectern.example"}
    return {
        "MailIdentity": {"Type": "AWS::SES::EmailIdentity", "Properties": {"EmailIdentity": "lectern.example"}},
        "OtherMailIdentity": {"Type": "AWS::SES::EmailIdentity", "Properties": {"EmailIdentity": "other.example"}},
        "MailerRole": role(("ses:SendEmail", identity)),
        "Mailer": function("send-mail", "MailerRole"),
        "MuteMailer": {**function("send-mail"), **_named("check-send-mail-mute", "send-mail")},
    }


def _files() -> dict[str, Any]:
    inside = {"Fn::Sub": "${Files.Arn}/exports/*"}
    rules = [
        {"Id": "exports", "Status": "Enabled", "Prefix": "exports/", "ExpirationInDays": 7},
        {"Id": "uploads", "Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
    ]
    every = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    return {
        "Files": {
            "Type": "AWS::S3::Bucket",
            "Properties": {
                "BucketName": "check-files",
                "BucketEncryption": {
                    "ServerSideEncryptionConfiguration": [
                        {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
                    ]
                },
                "LifecycleConfiguration": {"Rules": rules},
                "PublicAccessBlockConfiguration": {each: True for each in every},
            },
        },
        "FilesRole": role((["s3:GetObject", "s3:PutObject"], inside)),
        "FileKeeper": function("files", "FilesRole"),
        "WriterRole": role(("s3:PutObject", inside)),
        "FileWriter": {**function("files"), **_named("check-files-writer", "files", "WriterRole")},
    }


def _named(name: str, handler: str, its_role: str = "PlainRole") -> dict[str, Any]:
    """A second function with a handler that another has already, and another role."""
    return {"Properties": {**function(handler, its_role)["Properties"], "FunctionName": name}}
