"""What leaves through topics, mail and files in the stack of the checks, and the key that hides what stays."""

from typing import Any

from .template_parts import function, get, ref, role


def outside() -> dict[str, Any]:
    """Topics, mail, files, a key."""
    return {**_topics(), **_mail(), **_files(), **_keys()}


def _keys() -> dict[str, Any]:
    account = {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}
    whose = lambda name: {"aws:PrincipalArn": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/*-" + name + "-*"}}  # noqa: E731
    allowed = lambda **more: {"Effect": "Allow", "Principal": {"AWS": account}, "Resource": "*", **more}  # noqa: E731
    statements = [
        allowed(Action=["kms:DescribeKey", "kms:PutKeyPolicy", "kms:GetKeyRotationStatus"]),
        allowed(Action="kms:Encrypt", Condition={"ArnLike": whose("CipherRole")}),
        allowed(Action="kms:Decrypt", Condition={"ArnLike": whose("DecipherRole")}),
    ]
    return {
        "Key": {
            "Type": "AWS::KMS::Key",
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "EnableKeyRotation": True,
                "PendingWindowInDays": 30,
                "KeyPolicy": {"Version": "2012-10-17", "Statement": statements},
            },
        },
        "CipherRole": role(("kms:Encrypt", get("Key"))),
        "Cipher": function("cipher", "CipherRole"),
        "DecipherRole": role(("kms:Decrypt", get("Key"))),
        "Decipher": {**function("cipher"), **_named("check-decipher", "cipher", "DecipherRole")},
        "MuteCipher": {**function("cipher"), **_named("check-cipher-mute", "cipher")},
    }


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
