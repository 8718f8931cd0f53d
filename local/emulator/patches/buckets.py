"""S3: encryption and life cycle from templates, which MiniStack's CloudFormation leaves out."""

from typing import Any
from xml.etree import ElementTree

import ministack.services.cloudformation.provisioners as provisioners
import ministack.services.s3 as s3


def apply() -> None:
    """Puts the patch on."""
    provisioners._S3_BUCKET_CONFIGURATIONS += (
        ("BucketEncryption", _encryption, s3._put_bucket_encryption, s3._delete_bucket_encryption),
        ("LifecycleConfiguration", _life_cycle, _put_life_cycle, s3._delete_bucket_lifecycle),
    )


def _encryption(wanted: dict[str, Any]) -> bytes:
    """In the words of PutBucketEncryption."""
    root = ElementTree.Element("ServerSideEncryptionConfiguration", xmlns=s3.S3_NS)
    for rule in wanted.get("ServerSideEncryptionConfiguration") or []:
        made = ElementTree.SubElement(root, "Rule")
        default = rule.get("ServerSideEncryptionByDefault") or {}
        if default:
            by_default = ElementTree.SubElement(made, "ApplyServerSideEncryptionByDefault")
            for name in ("SSEAlgorithm", "KMSMasterKeyID"):
                if default.get(name):
                    ElementTree.SubElement(by_default, name).text = str(default[name])
        if "BucketKeyEnabled" in rule:
            ElementTree.SubElement(made, "BucketKeyEnabled").text = str(rule["BucketKeyEnabled"]).lower()
    return ElementTree.tostring(root)


def _life_cycle(wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """The rules that end something: the others have no meaning without storage classes."""
    rules = []
    for rule in wanted.get("Rules") or []:
        made: dict[str, Any] = {"Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
        if rule.get("Id"):
            made["ID"] = rule["Id"]
        if rule.get("ExpirationInDays"):
            made["Expiration"] = {"Days": int(rule["ExpirationInDays"])}
        days = (rule.get("NoncurrentVersionExpiration") or {}).get("NoncurrentDays")
        if days:
            made["NoncurrentVersionExpiration"] = {"NoncurrentDays": int(days)}
        days = (rule.get("AbortIncompleteMultipartUpload") or {}).get("DaysAfterInitiation")
        if days:
            made["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": int(days)}
        rules.append(made)
    return rules


def _put_life_cycle(bucket: str, rules: list[dict[str, Any]]) -> None:
    s3._bucket_lifecycle[bucket] = rules
