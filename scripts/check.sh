#!/usr/bin/env bash
# Fast checks: check.sh static (lint, types, import rules) or check.sh (these and the fast tests)
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH=$PWD/.venv/bin:$PATH
ruff check .
ruff format --check .
mypy
lint-imports
[ "${1:-}" = static ] || python -m pytest -q -n 2 --dist worksteal tests/domain tests/analysis tests/services tests/test_*.py
