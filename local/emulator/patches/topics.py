"""SNS: a topic from a template is its owner's, not everybody's."""

import json
from typing import Any

import ministack.services.cloudformation.provisioners as provisioners
import ministack.services.sns as sns
from ministack.core.responses import get_account_id


def apply() -> None:
    """Puts the patch on.

    A topic that is made through the API gets AWS's default policy, whose condition no role meets: roles need
    sns:Publish. MiniStack's CloudFormation leaves the condition out, which lets every role of the account publish.
    """
    handlers = provisioners._RESOURCE_HANDLERS["AWS::SNS::Topic"]
    create = handlers["create"]

    def create_topic(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
        made = create(logical_id, props, stack_name)
        attributes = sns._topics[made[0]]["attributes"]
        policy = json.loads(attributes["Policy"])
        for statement in policy["Statement"]:
            statement.setdefault("Condition", {"StringEquals": {"AWS:SourceOwner": get_account_id()}})
        attributes["Policy"] = json.dumps(policy)
        return made

    handlers["create"] = create_topic
