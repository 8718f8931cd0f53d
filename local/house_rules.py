"""Rules that no linter knows: how long a file and a function may be, and what no committed file may name."""

import ast
import re
import subprocess
from pathlib import Path

from .settings import ROOT

MOST_LINES = 500
MOST_LINES_OF_A_FUNCTION = 70
# Made by tools, and as long as they are; and a stack's template, which is one list that CloudFormation wants in one
# file (docs/decisions/0008).
_GENERATED = re.compile(r"(^|/)(Cargo\.lock|package-lock\.json|.*\.lock|openapi\.yaml|template\.yaml)$")
_TEXT = {".rs", ".py", ".sql", ".yaml", ".yml", ".json", ".toml", ".md", ".sh", ".js", ".html", ""}
# Directories and registries of the machine on which something was made, and not of the project.
_FOREIGN = re.compile(r"(?<![\w./$}-])/(?:home|Users|root|work)/[\w.-]+|registry\.npmjs\.org|files\.pythonhosted\.org")


def broken() -> list[str]:
    """Every place where a rule is broken."""
    found: list[str] = []
    for path in _files():
        text = (ROOT / path).read_text(errors="replace")
        lines = text.count("\n")
        if lines > MOST_LINES and not _GENERATED.search(str(path)):
            found.append(f"{path} has {lines} lines; {MOST_LINES} is the most")
        for number, line in enumerate(text.splitlines(), 1):
            foreign = _FOREIGN.search(line)
            if foreign and path.name != "house_rules.py":
                found.append(f"{path}:{number} names {foreign[0]}, which is of one machine")
        if path.suffix == ".py":
            found.extend(_long_functions(path, text))
    return found


def _files() -> list[Path]:
    """Every text that is or would be committed."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [Path(name) for name in listed if Path(name).suffix in _TEXT and (ROOT / name).is_file()]


def _long_functions(path: Path, text: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MOST_LINES_OF_A_FUNCTION:
                found.append(f"{path}:{node.lineno} {node.name} has {lines} lines; {MOST_LINES_OF_A_FUNCTION} is the most")
    return found
