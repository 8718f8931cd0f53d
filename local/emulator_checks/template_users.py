"""The user pool of the checks, its triggers and its clients."""

from typing import Any

from .template_parts import arn, function, ref, role

CALLBACK = "http://localhost:3000/callback"


def users() -> dict[str, Any]:
    """Everything about accounts."""
    return {**_triggers(), "Pool": _pool(), **_clients()}


def _triggers() -> dict[str, Any]:
    taken = {"Fn::Sub": "arn:aws:ssm:*:${AWS::AccountId}:parameter/taken/*"}
    pools = {"Fn::Sub": "arn:aws:cognito-idp:${AWS::Region}:${AWS::AccountId}:userpool/*"}
    names = ("pre-sign-up", "pre-authentication", "post-confirmation", "pre-token-generation", "custom-message")
    functions = {name.title().replace("-", ""): function(name, "TriggerRole") for name in names}
    return {
        # No pool by name: it names the triggers, and would wait for them.
        "TriggerRole": role(("cognito-idp:AdminUpdateUserAttributes", pools), ("ssm:PutParameter", taken)),
        **functions,
    }


def _pool() -> dict[str, Any]:
    triggers = {
        "PreSignUp": arn("pre-sign-up"),
        "PreAuthentication": arn("pre-authentication"),
        "PostConfirmation": arn("post-confirmation"),
        "CustomMessage": arn("custom-message"),
        "PreTokenGenerationConfig": {"LambdaArn": arn("pre-token-generation"), "LambdaVersion": "V2_0"},
    }
    attributes = [
        {"Name": "role", "AttributeDataType": "String", "Mutable": False},
        {"Name": "user_id", "AttributeDataType": "String", "Mutable": True},
    ]
    sender = {"Fn::Sub": "arn:aws:ses:${AWS::Region}:${AWS::AccountId}:identity/lectern.example"}
    return {
        "Type": "AWS::Cognito::UserPool",
        "Properties": {
            "UserPoolName": "check",
            "UsernameAttributes": ["email"],
            "UsernameConfiguration": {"CaseSensitive": False},
            "AutoVerifiedAttributes": ["email"],
            "Policies": {"PasswordPolicy": {"MinimumLength": 12}},
            "Schema": attributes,
            "EmailConfiguration": {
                "EmailSendingAccount": "DEVELOPER",
                "SourceArn": sender,
                "From": "Lectern <accounts@lectern.example>",
            },
            "LambdaConfig": triggers,
        },
    }


def _clients() -> dict[str, Any]:
    flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    client = {"UserPoolId": ref("Pool"), "GenerateSecret": False, "ExplicitAuthFlows": flows}
    page = {
        "SupportedIdentityProviders": ["COGNITO"],
        "AllowedOAuthFlowsUserPoolClient": True,
        "AllowedOAuthFlows": ["code"],
        "AllowedOAuthScopes": ["openid", "email"],
        "CallbackURLs": [CALLBACK],
    }
    discreet = {"PreventUserExistenceErrors": "ENABLED", "WriteAttributes": ["email", "custom:role"]}
    kinds: dict[str, dict[str, Any]] = {
        "Client": {"ClientName": "ours"},
        "OtherClient": {"ClientName": "another"},
        # As the product's own are: nobody learns from it whether there is an account.
        "DiscreetClient": {"ClientName": "discreet", **discreet},
        "PageClient": {"ClientName": "page", "PreventUserExistenceErrors": "ENABLED", **page},
    }
    return {
        name: {"Type": "AWS::Cognito::UserPoolClient", "Properties": {**client, **properties}}
        for name, properties in kinds.items()
    }
