"""Cognito: the trigger after a confirmed sign-up, which MiniStack never calls."""

from typing import Any

import ministack.services.cognito as cognito
import ministack.services.lambda_svc as functions

Answer = tuple[int, dict[str, str], bytes]


def apply() -> None:
    """Puts the patch on, for both ways in which an account is confirmed."""
    by_code, by_admin = cognito._confirm_sign_up, cognito._admin_confirm_sign_up

    def confirm_sign_up(data: dict[str, Any]) -> Answer:
        return _after(by_code(data), cognito._pool_for_client(data.get("ClientId")), data)

    def admin_confirm_sign_up(data: dict[str, Any]) -> Answer:
        pool_id = data.get("UserPoolId", "")
        return _after(by_admin(data), (cognito._user_pools.get(pool_id), pool_id), data)

    cognito._confirm_sign_up = confirm_sign_up
    cognito._admin_confirm_sign_up = admin_confirm_sign_up


def _after(answer: Answer, pool_and_id: tuple[dict[str, Any] | None, str], data: dict[str, Any]) -> Answer:
    pool, pool_id = pool_and_id
    arn = ((pool or {}).get("LambdaConfig") or {}).get("PostConfirmation")
    if answer[0] != 200 or not arn:
        return answer
    user, _ = cognito._resolve_user(pool, data.get("Username"))
    # https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-post-confirmation.html
    event = {
        "version": "1",
        "triggerSource": "PostConfirmation_ConfirmSignUp",
        "region": cognito._pool_region(pool_id),
        "userPoolId": pool_id,
        "userName": user["Username"],
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": data.get("ClientId", "")},
        "request": {"userAttributes": cognito._attr_list_to_dict(user.get("Attributes", []))},
        "response": {},
    }
    failure = _call(arn, event)
    if failure is None:
        return answer
    # As on AWS: the account is confirmed nevertheless, and the caller hears of the failure.
    return cognito.error_response_json(
        "UserLambdaValidationException", f"PostConfirmation failed with error {failure}.", 400
    )


def _call(arn: str, event: dict[str, Any]) -> str | None:
    record, config, _ = functions._get_func_record_for_ref(arn)
    if not record:
        return f"the function {arn} does not exist"
    result = functions._execute_function_with_config_scope(functions._execution_record_for_config(record, config), event)
    return str(result.get("body")) if isinstance(result, dict) and result.get("error") else None
