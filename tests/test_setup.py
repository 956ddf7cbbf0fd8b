"""The environment is made without pip, without ensurepip and, for pip itself, without a network."""

import os
import subprocess
import sys
from pathlib import Path

BOOTSTRAP = Path(__file__).resolve().parent.parent / "scripts" / "bootstrap"


def run(*words: object, **environment: str) -> str:
    done = subprocess.run(
        [str(w) for w in words],
        env={k: v for k, v in os.environ.items() if not k.startswith("PIP_")} | {"PYTHONPATH": ""} | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_in_the_repository_brings_pip_to_a_python_that_has_none(tmp_path: Path) -> None:
    (wheel,) = BOOTSTRAP.glob("pip-*.whl")
    # as Debian's Python: what is on the path first wins, and this says that there is no ensurepip
    missing = tmp_path / "missing"
    missing.mkdir()
    (missing / "ensurepip.py").write_text("raise ImportError('ensurepip is not installed')\n", encoding="utf-8")
    run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv", PYTHONPATH=str(missing))
    python = tmp_path / "venv" / "bin" / "python"
    assert run(python, "-c", "import importlib.util as u; print(u.find_spec('pip'))").strip() == "None"
    run(python, wheel / "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", wheel)
    version = run(python, "-m", "pip", "--version")
    assert version.startswith(f"pip {wheel.name.split('-')[1]} from {tmp_path}")
