"""Entry of the child: confine the process, parse one file, leave ``result.arrow`` and ``reply.json``, and go.

Run by path, never with ``-m``: ``gridmap`` is registered as a bare package first, so that its ``__init__`` (and with it
geopandas and half a second of imports) is not executed.
"""

import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class _Absent:
    """Hide what pyogrio and pyarrow use where it is present: we only need Arrow tables, and these cost two seconds."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name.partition(".")[0] in ("pandas", "geopandas"):
            raise ModuleNotFoundError(name=name)


def main() -> None:
    """Read the request from standard input, do it, write the reply."""
    request = json.load(sys.stdin)
    out = Path(request["out"])
    sys.path[:] = request["sys_path"]
    package = ModuleType("gridmap")
    package.__path__ = [str(ROOT)]
    sys.modules["gridmap"] = package
    sys.meta_path.insert(0, _Absent())

    from gridmap.files.parser.confine import confine

    network = confine(request["limits"])
    from gridmap.errors import GridmapError

    try:
        from gridmap.files.parser.run import run

        reply = {"ok": run(request, out)}
        reply["ok"]["network"] = network
    except GridmapError as error:
        reply = {"error": {"class": type(error).__name__, "code": error.code, "fields": error.fields}}
    except MemoryError:
        reply = {"error": {"class": "TooLarge", "code": "parser_memory", "fields": {}}}
    except RecursionError:
        reply = {"error": {"class": "FileError", "code": "file_too_deep", "fields": {}}}
    except Exception as error:
        # The library's words may quote the input: only the kind of the failure leaves the child.
        kind = "parser_memory" if "emory" in type(error).__name__ or "malloc" in str(error) else "file_unreadable"
        reply = {"error": {"class": "TooLarge" if kind == "parser_memory" else "FileError", "code": kind, "fields": {}}}
    (out / "reply.json").write_text(json.dumps(reply), encoding="utf-8")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
