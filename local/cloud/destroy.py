"""`make destroy STAGE=…`: deletes a stage, after its name was typed again."""

import time

from botocore.exceptions import ClientError, WaiterError

from .checks import check_account, failures, stack_status
from .problem import Problem, say
from .stage import CONTEXTS, export_bucket, parameter_name, stack_name, tutor_file_bucket


def destroy(session, stage: str, prod_allowed: bool = False, ask=input) -> None:
    """Contexts in reverse, then the platform, then the parameters that no stack owns."""
    if stage == "prod" and not prod_allowed:
        raise Problem("prod isn't deleted by accident: `make destroy STAGE=prod PROD=yes` (docs/operations.md, tear-down)")
    account = check_account(session, stage)
    say(f"This deletes everything of the stage {stage}: users, lessons, events, files, secrets. A snapshot of the database stays.")
    if ask("Type the stage's name to go on: ").strip() != stage:
        raise Problem("the name didn't match; nothing was deleted")
    formation = session.client("cloudformation")
    s3 = session.client("s3")
    for context in reversed(CONTEXTS):
        if context == "tutoring":
            _empty_bucket(s3, tutor_file_bucket(stage, account))
        _delete_stack(formation, stack_name(stage, context))
    # Nobody writes into it any more.
    _empty_bucket(s3, export_bucket(stage, account))
    _delete_stack(formation, stack_name(stage, "platform"))
    _delete_parameters(session.client("ssm"), stage)
    _name_leftovers(session, stage)


def _delete_stack(formation, name: str) -> None:
    if stack_status(formation, name) is None:
        return
    say(f"Deleting {name}")
    started = time.time()
    formation.delete_stack(StackName=name)
    try:
        formation.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 10, "MaxAttempts": 360})
    except WaiterError as error:
        why = failures(formation, name, started)
        raise Problem(f"{name} wasn't deleted (in prod its protection must be off first){why}") from error


def _empty_bucket(s3, bucket: str) -> None:
    """CloudFormation doesn't delete a bucket with files in it."""
    try:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        for page in pages:
            keys = [{"Key": file["Key"]} for file in page.get("Contents", [])]
            if keys:  # a page is no longer than one call takes
                errors = s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True}).get("Errors")
                if errors:
                    raise Problem(f"{bucket} couldn't be emptied: {errors[0].get('Code')}")
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchBucket":
            raise Problem(f"{bucket} couldn't be emptied: {error}") from error


def _delete_parameters(ssm, stage: str) -> None:
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=parameter_name(stage, "").rstrip("/"), Recursive=True)
    names = [parameter["Name"] for page in pages for parameter in page["Parameters"]]
    for start in range(0, len(names), 10):  # as many as one call takes
        ssm.delete_parameters(Names=names[start : start + 10])
    say(f"Deleted {len(names)} parameters")


def _name_leftovers(session, stage: str) -> None:
    snapshots = session.client("rds").describe_db_cluster_snapshots(SnapshotType="manual")["DBClusterSnapshots"]
    ours = [
        snapshot["DBClusterSnapshotIdentifier"]
        for snapshot in snapshots
        if snapshot["DBClusterIdentifier"] == stack_name(stage, "").rstrip("-")
    ]
    if ours:
        say("Left, and paid for by the gigabyte until you delete them:")
        for name in ours:
            say(f"  aws rds delete-db-cluster-snapshot --db-cluster-snapshot-identifier {name}")
    say("Left also: the bucket of the stack aws-sam-cli-managed-default, which other stages may use.")
