"""`make test`."""

import argparse
import json
import os
import urllib.request

from .. import demo, real_functions, test_copy
from ..install import (
    EMULATOR_PYTHON,
    SAM_PYTHON,
    STRIPE_PYTHON,
    check_tools,
    environment_without_python,
    install,
    install_stripe_checks,
)
from ..platform import Platform, run_cargo
from ..problem import Problem
from ..runs import Count, run_tests
from ..settings import ROOT
from ..steps import say, step

# Libraries and the packages' own tests, but not the thin binaries: there is nothing in them to test, and linking them
# all would take minutes.
WHAT = ["--locked", "--workspace", "--lib", "--test", "*"]
STATE = ROOT / "target" / "local-test"


def command(_: argparse.Namespace) -> int:
    """Runs every test there is. The last line counts them."""
    count = Count()
    try:
        _run_all(count)
    except Problem as problem:
        say(f"\nStopped: {problem}")
        count.failed += 1
    say(str(count))
    return 1 if count.failed or not count.passed else 0


def _run_all(count: Count) -> None:
    check_tools()
    install()
    install_stripe_checks()
    with step("compile (cargo test --no-run)"):
        # The binaries that the copy runs come with it: they are tested as binaries, by their packages' own tests. A
        # `cargo build` of them first would compile what they stand on once more, with other features.
        run_cargo(["test", *WHAT, "--no-run"])
    python = environment_without_python() | {"PYTHONDONTWRITEBYTECODE": "1"}
    say("\nUnit tests of local/")
    run_tests([str(SAM_PYTHON), "-m", "local.unit_checks"], python, count)
    say("\nChecks of the emulator")
    run_tests([str(EMULATOR_PYTHON), "-m", "local.emulator_checks"], python, count)
    say("\nChecks of the stand-in for Stripe")
    run_tests([str(STRIPE_PYTHON), "-m", "local.stripe_checks"], python, count)
    say("\nA copy of the platform for the tests")
    overrides = {
        "HoldSeconds": str(test_copy.HOLD_SECONDS),
        "DisputeWindowSeconds": str(test_copy.DISPUTE_WINDOW_SECONDS),
    }
    platform = Platform(test_copy.settings(STATE, overrides))
    with platform.alone():
        # What an interrupted run left behind.
        platform.reset_data()
        try:
            platform.up(build=False)
            say("\nThe real functions")
            whole, broken = real_functions.check(platform.settings)
            count.passed, count.failed = count.passed + whole, count.failed + broken
            say("\nThe demo")
            off = demo.run(platform.settings.endpoints, quick=True)
            count.passed, count.failed = count.passed + (1 - off), count.failed + off
            say("\nTests of the workspace")
            environment = dict(os.environ) | {
                "LECTERN_TEST_POSTGRES_URL": platform.settings.admin_database_url,
                "LECTERN_TEST_ENDPOINTS": str(platform.settings.endpoints),
            }
            run_tests(["cargo", "test", *WHAT, "--no-fail-fast"], environment, count)
            _hold_to_contract(platform.settings.stripe_url, count)
        finally:
            if count.failed:
                # Whoever looks for the reason finds it there.
                platform.down()
                say(f"The logs of the copy are kept: {platform.settings.logs}")
            else:
                platform.reset()


def _hold_to_contract(stripe: str, count: Count) -> None:
    """Whether all that the copy asked of Stripe, was answered and was told is as Stripe's contract says."""
    say("\nWhat the copy asked of Stripe")
    try:
        with urllib.request.urlopen(f"{stripe}/_stand_in/violations", timeout=30) as answer:
            violations = json.loads(answer.read())["violations"]
    except OSError as error:
        raise Problem(f"the stand-in for Stripe can't be asked: {error}") from error
    for each in violations:
        say(f"  {each['of']} ({each['part']}): {'; '.join(each['reasons'])}")
    say(f"{len(violations)} departures from Stripe's contract")
    count.add_one(not violations)
