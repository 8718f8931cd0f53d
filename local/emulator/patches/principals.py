"""IAM: `aws:PrincipalArn` of a role's session is the role's ARN, and not the session's.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
A key's policy says with it which function's role may use the key.
"""

from typing import Any

import ministack.core.iam_evaluator as iam


def apply() -> None:
    """Puts the patch on."""
    original = iam._resolve_condition_key

    def of_the_role(key: str, context: Any) -> Any:
        value = original(key, context)
        if key.lower() != "aws:principalarn" or ":assumed-role/" not in str(value):
            return value
        return f"arn:aws:iam::{value.split(':')[4]}:role/{iam._role_name_from_assumed_arn(value)}"

    iam._resolve_condition_key = of_the_role
