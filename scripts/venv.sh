#!/usr/bin/env bash
# Make or refresh the virtual environment: venv.sh run|test
# Needs Python 3.11+ alone: pip comes with the repository, because Debian's Python has neither pip nor ensurepip.
set -euo pipefail
cd "$(dirname "$0")/.."
kind=${1:-run}
venv=.venv
stamp=$venv/.installed-$kind
want=$(cat pyproject.toml constraints.txt | cksum)-$kind

if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ] && "$venv/bin/python" -c '' 2>/dev/null; then exit 0; fi

python=${PYTHON:-}
if [ -z "$python" ]; then
  for candidate in python3 python3.13 python3.12 python3.11; do
    if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
      python=$candidate; break
    fi
  done
fi
if [ -z "$python" ]; then
  echo "Python 3.11 or newer is needed and none was found. Install it, or name it: make demo PYTHON=/path/to/python3" >&2
  exit 1
fi

if ! "$venv/bin/python" -c '' 2>/dev/null; then
  echo "Making the virtual environment in $venv ..."
  rm -rf "$venv"
  "$python" -m venv --without-pip "$venv"
fi
if ! "$venv/bin/python" -c 'import pip' 2>/dev/null; then
  wheel=$(echo scripts/bootstrap/pip-*.whl)
  "$venv/bin/python" "$wheel/pip" install --quiet --disable-pip-version-check --no-index "$wheel"
fi
extra=; [ "$kind" = test ] && extra='[test]'
echo "Installing gridmap and what it needs; the first time takes a minute or two ..."
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-warn-script-location --no-compile \
  --constraint constraints.txt --editable ".$extra"
# files compiled once now, not by the first start; the same for the locator's loops
"$venv/bin/python" -m gridmap.analysis.locator
"$venv/bin/python" -m compileall -q -j 0 gridmap api "$venv/lib" >/dev/null 2>&1 || true
echo "$want" > "$stamp"
# the test environment holds everything the running one needs
[ "$kind" = test ] && { cat pyproject.toml constraints.txt | cksum | sed 's/$/-run/' > "$venv/.installed-run"; }
exit 0
