"""IAM: what a policy may ask about a call and MiniStack does not tell it."""

import json
from typing import Any

import ministack.core.iam_actions as actions


def apply() -> None:
    """Puts the patch on."""
    original = actions.request_tag_context

    def with_our_keys(service: str, action: str, body: bytes, *more: Any) -> dict[str, Any]:
        known = original(service, action, body, *more)
        return {**known, **_of_events(body)} if action == "events:PutEvents" else known

    actions.request_tag_context = with_our_keys


def _of_events(body: bytes) -> dict[str, str]:
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html: a context may only publish
    # under its own source. AWS asks for each entry apart; here one call with several sources is like none of them.
    try:
        entries = json.loads(body).get("Entries", [])
    except ValueError:
        return {}
    keys = {"events:source": "Source", "events:detail-type": "DetailType"}
    return {key: "\n".join(sorted({entry.get(name, "") for entry in entries})) for key, name in keys.items()}
