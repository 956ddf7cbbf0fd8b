"""Processes that take orders, one JSON line each, and answer with one."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Ask = Callable[[dict[str, Any]], Any]


@contextmanager
def child(script: str, *arguments: str) -> Iterator[Ask]:
    """Start a script of this folder; what is given sends it an order and waits for the answer."""
    command = [sys.executable, str(Path(__file__).parent / script), *arguments]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:

        def ask(order: dict[str, Any]) -> Any:
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield ask
        process.stdin.close()
        assert process.wait(60) == 0
