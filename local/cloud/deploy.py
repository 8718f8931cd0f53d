"""`make deploy STAGE=…`: from nothing, or onto what is there; every step may be repeated."""

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from typing import Mapping

from botocore.config import Config

from .checks import check_account, check_build, check_room, check_stacks, failures, sam
from .problem import Problem, say
from .secrets_store import Secrets
from .stage import CONTEXTS, ROOT, function_name, parameter_name, stack_name, template

# A sleeping database takes 15 s to wake, half a minute after a long sleep; the first attempt may run into that.
_ATTEMPTS, _PAUSE_SECONDS = 4, 15
_HEALTH_SECONDS = 90


def deploy(session, stage: str, environment: Mapping[str, str], build: bool = True) -> None:
    """Checks, builds, writes what secrets are missing, deploys every stack, migrates, and says where it is."""
    say("1. Checks")
    check_account(session, stage)
    program = sam()
    check_room(session)
    check_stacks(session, stage)
    say("2. Secrets")
    store = Secrets(session.client("ssm"), stage)
    store.make_admin_password()
    store.take_stripe_values(environment)
    store.write_ca(session.region_name)
    if build:
        say("3. Build (make build)")
        _run(["make", "build"], "the build failed")
    check_build()
    say("4. Platform (the first time about 15 minutes, nearly all of it the database)")
    _deploy_stack(session, program, stage, "platform")
    outputs = _outputs(session, stack_name(stage, "platform"))
    store.write_admin_url(outputs["DatabaseHost"], outputs["DatabasePort"])
    say("5. Databases and logins")
    say(f"  {_invoke(session, function_name(stage, 'prepare-databases'))}")
    for number, context in enumerate(CONTEXTS, start=6):
        say(f"{number}. {context.capitalize()}")
        _deploy_stack(session, program, stage, context)
        say(f"  {_invoke(session, function_name(stage, f'migrate-{context}'))}")
    _sell(session, stage)
    _report(stage, outputs, store)


def _sell(session, stage: str) -> None:
    """Makes what is sold at Stripe. Without Stripe's key everything else works, so its lack is only told."""
    say("What is sold at Stripe")
    try:
        say(f"  {_invoke(session, function_name(stage, 'ensure-billing-catalogue'))}")
    except Problem as problem:
        say(f"  not made, so nobody can subscribe: {problem}")


def _deploy_stack(session, program: str, stage: str, part: str) -> None:
    name = stack_name(stage, part)
    started = time.time()
    command = [
        program, "deploy",
        "--config-file", str(ROOT / "samconfig.toml"),
        "--config-env", stage,
        "--template-file", str(template(part)),
        "--stack-name", name,
        "--region", session.region_name,
    ]
    environment = {**os.environ, "SAM_CLI_TELEMETRY": "0"}
    if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode != 0:
        why = failures(session.client("cloudformation"), name, started)
        raise Problem(f"the stack {name} wasn't deployed{why}")


def _outputs(session, name: str) -> dict[str, str]:
    stack = session.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def _invoke(session, name: str, pause=time.sleep) -> str:
    """The answer of a function of the operator; tried again, since these are idempotent and the database may sleep."""
    client = session.client("lambda", config=Config(read_timeout=910, retries={"max_attempts": 0}))
    why = ""
    for attempt in range(_ATTEMPTS):
        if attempt:
            say(f"  {name} failed, once more in {_PAUSE_SECONDS} s: {why}")
            pause(_PAUSE_SECONDS)
        answer = client.invoke(FunctionName=name, Payload=b"{}")
        payload = answer["Payload"].read().decode()
        if "FunctionError" not in answer:
            return payload
        why = _message(payload)
    raise Problem(f"{name} failed {_ATTEMPTS} times: {why}")


def _message(payload: str) -> str:
    try:
        return json.loads(payload).get("errorMessage", payload)
    except (ValueError, AttributeError):
        return payload


def _run(command: list[str], otherwise: str) -> None:
    if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
        raise Problem(otherwise)


def _report(stage: str, outputs: Mapping[str, str], store: Secrets) -> None:
    api = outputs["ApiUrl"]
    health = "healthy" if _is_healthy(f"{api}/health") else "NOT healthy yet: look at the dashboard and the logs"
    say(f"\nDeployed, {health}.")
    say(f"  API           {api}")
    say(f"  Sign-in       {outputs['SignInUrl']}")
    say(f"  Web client    {outputs['WebClientId']}")
    if "ApiDomainTarget" in outputs:
        say(f"  Domain        a CNAME or alias to {outputs['ApiDomainTarget']}")
    if store.webhook_secret_is_pending():
        say(f"\nPayments don't work yet. Tell Stripe of {api}/v1/webhooks/stripe and")
        say(f"{api}/v1/webhooks/stripe-connect (docs/operations.md, Stripe), then:")
        say(f"  STRIPE_WEBHOOK_SECRET=whsec_… STRIPE_CONNECT_WEBHOOK_SECRET=whsec_… make deploy STAGE={stage}")
    say(f"\nThe first superadmin: invoke {function_name(stage, 'create-staff-user')} (docs/operations.md).")
    say(f"Everything else is in SSM under {parameter_name(stage, '')}")


def _is_healthy(url: str, pause=time.sleep) -> bool:
    deadline = time.monotonic() + _HEALTH_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            pause(5)
    return False
