"""Write the pages of the documentation that are lists of what the code has: settings, error codes.

``python scripts/docs.py`` writes them; ``--check`` only says whether they are current.
"""

import ast
import sys
from pathlib import Path

from api.errors import STATUS
from gridmap.errors import GridmapError
from gridmap.i18n import catalogue
from gridmap.settings import Settings

ROOT = Path(__file__).resolve().parent.parent


def settings_page() -> str:
    """Give docs/settings.md."""
    lines = [
        "# Settings",
        "",
        "Every setting is an environment variable. This page is written by `scripts/docs.py`.",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        lines.append(f"| `GRIDMAP_{name.upper()}` | `{field.default}` | {field.description} |")
    return "\n".join(lines) + "\n"


def error_classes() -> list[type[GridmapError]]:
    """Give every class of the tree that the code has, the root first."""

    def tree(kind: type[GridmapError]) -> list[type[GridmapError]]:
        return [kind, *(deeper for child in kind.__subclasses__() for deeper in tree(child))]

    return [c for c in tree(GridmapError) if c.__module__.startswith(("gridmap.", "api."))]


def raised_codes() -> dict[str, set[int]]:
    """Find the code of every error that the code raises, with the HTTP statuses it can leave with."""
    status = {c.__name__: STATUS[next(k for k in c.__mro__ if k in STATUS)] for c in error_classes()}
    status |= {"Fault": 422, "PydanticCustomError": 422}
    found: dict[str, set[int]] = {}
    for file in sorted([*(ROOT / "gridmap").rglob("*.py"), *(ROOT / "api").rglob("*.py")]):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
                continue
            code = node.args[0]
            if node.func.id in status and isinstance(code, ast.Constant) and isinstance(code.value, str):
                found.setdefault(code.value, set()).add(status[node.func.id])
    return found


def errors_page() -> str:
    """Give docs/errors.md."""
    lines = [
        "# Errors",
        "",
        "Every error has a code. Over HTTP it comes as `application/problem+json` (RFC 9457, see `docs/api.md`),",
        "in the shell as one line. The status says with which HTTP status a code can leave; a dash: it stands in the",
        "result of one item of a batch, in `errors` of a problem, or comes in the shell only.",
        "This page is written by `scripts/docs.py`.",
        "",
        "| code | status | 中文 | English |",
        "|---|---|---|---|",
    ]
    raised = raised_codes()
    for key, texts in sorted(catalogue().items()):
        if key.startswith("error."):
            code = key.removeprefix("error.")
            status = ", ".join(str(s) for s in sorted(raised.get(code, ()))) or "-"
            zh, en = (texts[language].replace("|", "\\|").replace("\n", " ") for language in ("zh", "en"))
            lines.append(f"| `{code}` | {status} | {zh} | {en} |")
    return "\n".join(lines) + "\n"


PAGES = {"docs/settings.md": settings_page, "docs/errors.md": errors_page}


def main() -> int:
    """Write or check the pages."""
    stale = []
    for path, make in PAGES.items():
        file = ROOT / path
        if "--check" in sys.argv:
            if not file.is_file() or file.read_text(encoding="utf-8") != make():
                stale.append(path)
        else:
            file.write_text(make(), encoding="utf-8")
    if stale:
        print("not current:", ", ".join(stale), "- run python scripts/docs.py")
    return len(stale)


if __name__ == "__main__":
    sys.exit(main())
