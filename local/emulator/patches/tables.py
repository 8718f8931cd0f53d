"""DynamoDB: time to live from templates, and stream positions that survive a restart rightly."""

from typing import Any

import ministack.services.cloudformation.provisioners as provisioners
import ministack.services.dynamodb as dynamodb
import ministack.services.lambda_svc as functions


def apply() -> None:
    """Puts the patches on."""
    _time_to_live()
    _stream_positions()


def _time_to_live() -> None:
    # MiniStack knows UpdateTimeToLive, but its CloudFormation does not call it.
    handlers = provisioners._RESOURCE_HANDLERS["AWS::DynamoDB::Table"]
    create, update = handlers["create"], handlers["update"]

    def create_table(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
        made = create(logical_id, props, stack_name)
        _set_time_to_live(made[0], props)
        return made

    def update_table(
        physical_id: str, old: dict[str, Any], new: dict[str, Any], stack_name: str, logical_id: str | None = None
    ) -> Any:
        changed = update(physical_id, old, new, stack_name, logical_id)
        _set_time_to_live(changed[0] if isinstance(changed, tuple) else physical_id, new)
        return changed

    handlers["create"], handlers["update"] = create_table, update_table


def _set_time_to_live(table: str, props: dict[str, Any]) -> None:
    wanted = props.get("TimeToLiveSpecification")
    if wanted:
        # Parameters make a boolean a string on its way through CloudFormation.
        on = str(wanted.get("Enabled")).lower() == "true"
        settings = {"Enabled": on, "AttributeName": wanted.get("AttributeName", "")}
        dynamodb._update_ttl({"TableName": table, "TimeToLiveSpecification": settings})


def _stream_positions() -> None:
    # How far a function has read a stream is saved, but the stream's records are not: after a restart the position
    # lies behind the end, and that many new records would be skipped, silently.
    original = functions._restore_esm_positions

    def restore(target: Any, data: Any) -> None:
        if target is not functions._dynamodb_stream_positions:
            original(target, data)

    functions._restore_esm_positions = restore
