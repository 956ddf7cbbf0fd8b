#!/usr/bin/env bash
# make torture: every experiment of tests/faults in its long form, on a throw-away PostGIS; writes docs/reliability.md.
# SCALE=0.01 runs a hundredth of each count, ONLY=kills,races only these, SEED=2 others of them; LOG=figures.jsonl adds to
# the figures of earlier runs, so that the long form can be run in pieces.
set -euo pipefail
cd "$(dirname "$0")/.."
./scripts/venv.sh test
export PATH=$PWD/.venv/bin:$PATH PYTHONPATH=$PWD:$PWD/tests GRIDMAP_ACCESS=open
work=$(mktemp -d)
trap './scripts/postgis.sh stop "$work/pg" >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
TEST_DATABASE_URL=$(./scripts/postgis.sh start "$work/pg" | tail -n 1)
export TEST_DATABASE_URL
log=${LOG:-$work/figures.jsonl}
python -m faults --scale "${SCALE:-1}" --only "${ONLY:-}" --seed "${SEED:-1}" --log "$log" --write docs/reliability.md
