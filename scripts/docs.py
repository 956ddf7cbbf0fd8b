"""Write the pages of the documentation that are lists of what the code has: settings.

``python scripts/docs.py`` writes them; ``--check`` only says whether they are current.
"""

import sys
from pathlib import Path

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


PAGES = {"docs/settings.md": settings_page}


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
