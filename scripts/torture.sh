#!/usr/bin/env bash
# make torture: every experiment of tests/faults in its long form, on a throw-away PostGIS; writes docs/reliability.md.
# SCALE=0.01 runs a hundredth of each count, ONLY=kills,races only these.
set -euo pipefail
cd "$(dirname "$0")/.."
./scripts/venv.sh test
export PATH=$PWD/.venv/bin:$PATH PYTHONPATH=$PWD:$PWD/tests GRIDMAP_ACCESS=open
work=$(mktemp -d)
trap './scripts/postgis.sh stop "$work/pg" >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
TEST_DATABASE_URL=$(./scripts/postgis.sh start "$work/pg" | tail -n 1)
export TEST_DATABASE_URL
python -m faults --scale "${SCALE:-1}" --only "${ONLY:-}" --write docs/reliability.md
