"""``make torture``: break things on purpose, often, and write down what was seen.

    python -m faults [--scale 1.0] [--only NAME,...] [--seed 1] [--log FILE] [--write docs/reliability.md]

``--scale 1`` is the long form; the target of each experiment is multiplied by it. With ``--log`` each run adds a line
to a file, and the page is made of all its lines: so the long form may be run in pieces, each with a seed of its own.
PostGIS is that of ``TEST_DATABASE_URL``; without it only the embedded store is tried, and the report says so.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from faults.experiments import EXPERIMENTS, SERVER
from faults.page import failed, line_of, page, read, row, versions


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--only", default="", help=", ".join(EXPERIMENTS))
    parser.add_argument("--stores", default="", help="only these stores")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--write", type=Path)
    return parser.parse_args()


def _command(asked: argparse.Namespace) -> str:
    words = ["python -m faults"]
    words += [f"--{name} {getattr(asked, name)}" for name in ("scale", "only", "stores") if getattr(asked, name)]
    return " ".join([*words, f"--seed {asked.seed}"])


def main() -> int:
    """Run what was asked for; 1 where a promise was broken, or a control held."""
    asked = _asked()
    only, stores = (set(filter(None, words.split(","))) for words in (asked.only, asked.stores))
    if unknown := only - set(EXPERIMENTS):
        sys.exit(f"no such experiment: {', '.join(sorted(unknown))}")
    described, lines = versions(), []
    print(described, flush=True)
    os.environ["GRIDMAP_ACCESS"] = "open"
    with tempfile.TemporaryDirectory(prefix="gridmap-torture-") as folder:
        tempfile.tempdir = folder
        for key, experiment in EXPERIMENTS.items():
            if only and key not in only:
                continue
            for store in experiment.stores:
                if (store == SERVER and "TEST_DATABASE_URL" not in os.environ) or (stores and store not in stores):
                    continue
                began = time.monotonic()
                outcome = experiment.do(store, max(1, round(experiment.target * asked.scale)), asked.seed)
                line = line_of(key, outcome, _command(asked), time.monotonic() - began, described)
                lines.append(line)
                print(row([line]), flush=True)
                _keep(asked.log, line)
        tempfile.tempdir = None
    if asked.write is not None:
        asked.write.write_text(page(read(asked.log) if asked.log else lines), encoding="utf-8")
    return int(any(map(failed, lines)))


def _keep(log: Path | None, line: dict[str, Any]) -> None:
    if log is not None:
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(main())
