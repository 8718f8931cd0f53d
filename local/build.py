"""Makes the real functions: one small binary each, with cargo-lambda.

For AWS they are arm64, in target/lambda/<use case>/bootstrap, where the templates look for them. For tests and
measurements on this machine they are made for it, in target/lambda-host/.
"""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from .install import LAMBDA_BIN, environment_without_python, install_lambda
from .problem import Problem
from .settings import ROOT
from .steps import step

FOR_AWS = ROOT / "target" / "lambda"
FOR_THIS_MACHINE = ROOT / "target" / "lambda-host"
ARM = "aarch64-unknown-linux-gnu"
# Loaded at a fixed address, so that the loader has nothing to relocate: that is a third of what a start of ours costs
# beyond a hello-world (docs/performance.md).
RUSTFLAGS = "-C relocation-model=static"
CONTEXTS = ("platform", "identity", "tutoring", "booking", "payments")


def build_for_aws() -> Path:
    """All functions, for Lambda."""
    _check_target()
    _build(FOR_AWS, ["--arm64"], [])
    return FOR_AWS


def build_for_this_machine(names: Iterable[str] = ()) -> Path:
    """The functions named, or all, for this machine."""
    _build(FOR_THIS_MACHINE, [], names)
    return FOR_THIS_MACHINE


def _check_target() -> None:
    sysroot = subprocess.run(["rustc", "--print", "sysroot"], cwd=ROOT, text=True, capture_output=True, check=True)
    if not (Path(sysroot.stdout.strip()) / "lib" / "rustlib" / ARM).is_dir():
        raise Problem(f"Rust's standard library for Lambda's processors is missing: rustup target add {ARM}")


def _build(target: Path, options: list[str], names: Iterable[str]) -> None:
    install_lambda()
    packages = [part for context in CONTEXTS for part in ("--package", f"lectern-{context}")]
    chosen = [part for name in names for part in ("--bin", name)]
    # The tools of the virtual environment, zig among them, come first.
    environment = environment_without_python()
    environment["PATH"] = os.pathsep.join([str(LAMBDA_BIN), environment["PATH"]])
    environment["RUSTFLAGS"] = RUSTFLAGS
    argv = ["cargo", "lambda", "build", "--release", "--locked", "--lambda-dir", str(target), *options, *packages, *chosen]
    with step(f"build the functions ({'arm64, for AWS' if options else 'for this machine'})"):
        done = subprocess.run(
            argv, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        if done.returncode != 0:
            sys.stderr.write(done.stdout[-4000:])
            raise Problem("the functions could not be built (see above)")
