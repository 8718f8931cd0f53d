"""`make check`."""

import argparse
import subprocess

from .. import house_rules
from ..install import SAM, check_tools, environment_without_python, install
from ..settings import REGION, ROOT
from ..stacks import all_stacks
from ..steps import say, step


def command(_: argparse.Namespace) -> int:
    """Runs every check, also when one has failed, so that one sees all at once."""
    check_tools()
    install()
    environment = environment_without_python()
    aws = environment | {"AWS_DEFAULT_REGION": REGION, "SAM_CLI_TELEMETRY": "0", "CI": "true"}
    good = [
        _run("cargo fmt", ["cargo", "fmt", "--all", "--check"], environment),
        _run(
            "cargo clippy",
            ["cargo", "clippy", "--quiet", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"],
            environment,
        ),
    ]
    for stack in all_stacks():
        command_line = [str(SAM), "validate", "--lint", "--region", REGION, "--template-file", str(ROOT / stack.template)]
        good.append(_run(f"sam validate --lint {stack.template}", command_line, aws))
    broken = house_rules.broken()
    for each in broken:
        say(f"  {each}")
    good.append(not broken)
    say("Every check is good." if all(good) else f"{good.count(False)} checks failed.")
    return 0 if all(good) else 1


def _run(what: str, argv: list[str], environment: dict[str, str]) -> bool:
    with step(what) as notes:
        done = subprocess.run(
            argv, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        notes.append("good" if done.returncode == 0 else "FAILED")
    if done.returncode != 0:
        say(done.stdout)
    return done.returncode == 0
