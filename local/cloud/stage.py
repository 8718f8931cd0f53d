"""The names of a stage's stacks and parameters: deterministic, see docs/decisions/0003."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# In the order of deployment: identity holds the triggers that the user pool calls; a later one may call an earlier one.
CONTEXTS = ("identity", "tutoring", "booking", "payments")

_CODE = re.compile(r"^\s*CodeUri:\s*(\S+)\s*$", re.MULTILINE)


def stack_name(stage: str, part: str) -> str:
    """The stack of the platform or of a context."""
    return f"lectern-{stage}-{part}"


def parameter_name(stage: str, name: str) -> str:
    """A parameter in SSM."""
    return f"/lectern/{stage}/{name}"


def function_name(stage: str, use_case: str) -> str:
    """The function of a use case."""
    return f"lectern-{stage}-{use_case}"


def export_bucket(stage: str, account: str) -> str:
    """The bucket of people's exports."""
    return f"lectern-{stage}-exports-{account}"


def tutor_file_bucket(stage: str, account: str) -> str:
    """The bucket of tutors' documents and photos."""
    return f"lectern-{stage}-tutor-files-{account}"


def template(part: str, root: Path = ROOT) -> Path:
    """The template of the platform or of a context."""
    return root / "template.yaml" if part == "platform" else root / "functions" / part / "template.yaml"


def code_directories(part: str, root: Path = ROOT) -> list[Path]:
    """What the functions of a template are made of."""
    path = template(part, root)
    return [(path.parent / uri.strip("\"'")).resolve() for uri in _CODE.findall(path.read_text())]
