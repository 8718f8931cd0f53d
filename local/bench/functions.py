"""The real functions beside a hello-world of the same profile, all in one run: size, start, memory, answers."""

import os
import statistics
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..build import RUSTFLAGS, build_for_this_machine
from ..install import LAMBDA_BIN, environment_without_python
from ..problem import Problem
from ..real_functions import environment
from ..runtime_api import Function, request
from ..settings import ROOT, Settings
from ..steps import step

RUNS = 15
WARM_INVOCATIONS = 30
# name: the context whose settings it gets, and an event that it can be given again and again (None: start only).
# `migrate-identity` needs no connection before its first call, so its start is what our own code costs.
MEASURED: dict[str, tuple[str, dict[str, Any] | None]] = {
    "migrate-identity": ("identity", None),
    "get-own-user": ("identity", request("GET", "/v1/users/me")),
    "sign-in": ("identity", None),
    "suspend-user": ("identity", None),
    "show-consent-page": ("identity", None),
    "build-export": ("identity", None),
    "search-tutors": ("tutoring", request("GET", "/v1/tutors")),
    "list-subjects": ("tutoring", request("GET", "/v1/subjects")),
    "request-match": ("tutoring", None),
    "inspect-upload": ("tutoring", None),
    "put-busy-calendar": ("tutoring", None),
    "check-booking-health": ("booking", {}),
    "book-lesson": ("booking", None),
    "release-payment": ("payments", None),
    "record-event": ("platform", None),
}


@dataclass
class Measured:
    """One function: medians over the runs."""

    name: str
    zip_mib: float
    start_ms: float
    start_cpu_ms: float
    memory_mib: float
    first_ms: float | None
    warm_ms: float | None


def measure(settings: Settings) -> list[Measured]:
    """Hello-world first, then ours. The runs alternate, so that a busy moment of the machine hits all alike."""
    with step("build hello-world with the same profile"):
        hello = _build_hello()
    built = build_for_this_machine(MEASURED)
    plans: list[tuple[str, Path, dict[str, str], dict[str, Any] | None]] = [("hello-world", hello, {}, request("GET", "/"))]
    for name, (context, event) in MEASURED.items():
        plans.append((name, built / name / "bootstrap", environment(settings, context), event))
    samples: dict[str, list[dict[str, float]]] = {name: [] for name, *_ in plans}
    with step(f"start and call each {RUNS} times"):
        for _ in range(RUNS):
            for name, binary, given, event in plans:
                samples[name].append(_sample(binary, given, event))
    return [_measured(name, binary, samples[name]) for name, binary, *_ in plans]


def _sample(binary: Path, given: dict[str, str], event: dict[str, Any] | None) -> dict[str, float]:
    with Function(binary, given) as function:
        sample = {"start": function.start_seconds, "cpu": function.cpu_seconds()}
        if event is not None:
            sample["first"] = function.invoke(event)[1]
            sample["warm"] = statistics.median(function.invoke(event)[1] for _ in range(WARM_INVOCATIONS))
        sample["memory"] = function.memory_mib()
        return sample


def _measured(name: str, binary: Path, samples: list[dict[str, float]]) -> Measured:
    def median(key: str, scale: float) -> float:
        return statistics.median(sample[key] for sample in samples) * scale

    answered = "first" in samples[0]
    return Measured(
        name=name,
        zip_mib=_zip_mib(binary),
        start_ms=median("start", 1000),
        start_cpu_ms=median("cpu", 1000),
        memory_mib=median("memory", 1),
        first_ms=median("first", 1000) if answered else None,
        warm_ms=median("warm", 1000) if answered else None,
    )


def _zip_mib(binary: Path) -> float:
    archive = binary.parent / "bench.zip"
    try:
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
            packed.write(binary, "bootstrap")
        return archive.stat().st_size / 2**20
    finally:
        archive.unlink(missing_ok=True)


def _build_hello() -> Path:
    target = ROOT / "target" / "lambda-hello"
    environment = environment_without_python()
    environment["PATH"] = os.pathsep.join([str(LAMBDA_BIN), environment["PATH"]])
    environment["RUSTFLAGS"] = RUSTFLAGS
    argv = ["cargo", "lambda", "build", "--release", "--locked", "--lambda-dir", str(target)]
    argv += ["--manifest-path", str(ROOT / "local" / "bench" / "hello" / "Cargo.toml")]
    done = subprocess.run(argv, cwd=ROOT, env=environment, text=True, capture_output=True, check=False)
    if done.returncode != 0:
        raise Problem(f"hello-world could not be built:\n{done.stderr[-2000:]}")
    return target / "hello" / "bootstrap"


def table(measured: list[Measured]) -> str:
    """The figures as a table for docs/performance.md."""
    hello = measured[0]

    def figure(value: float | None, form: Callable[[float], str]) -> str:
        return "" if value is None else form(value)

    lines = [
        "| function | zip, MiB | start, ms | × hello | CPU of the start, ms | memory, MiB | first call, ms | warm call, ms |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for each in measured:
        lines.append(
            f"| {each.name} | {each.zip_mib:.2f} | {each.start_ms:.1f} | {each.start_ms / hello.start_ms:.2f} "
            f"| {each.start_cpu_ms:.0f} | {each.memory_mib:.1f} "
            f"| {figure(each.first_ms, '{:.1f}'.format)} | {figure(each.warm_ms, '{:.2f}'.format)} |"
        )
    return "\n".join(lines)
