#!/usr/bin/env bash
# Everything that must hold: make test. WITHOUT=postgis,browser,spark leaves parts out, and the summary says so.
set -euo pipefail
cd "$(dirname "$0")/.."
without=${WITHOUT:-}
export GRIDMAP_TESTS_WITHOUT=$without
needs=()
lacks() { case ",$without," in *,"$1",*) return 1;; *) return 0;; esac; }

likes=()
# the shell is the same browser without its windows: it opens a page in a fifth of the CPU seconds
browser() { command -v "${CHROMIUM:-chromium-headless-shell}" || command -v chromium || command -v google-chrome; }
if lacks browser; then
  if ! browser >/dev/null; then needs+=(chromium-headless-shell)
  elif [ -z "${CHROMIUM:-}" ] && ! command -v chromium-headless-shell >/dev/null; then likes+=(chromium-headless-shell); fi
  [ -n "$(fc-list :lang=zh 2>/dev/null | head -1)" ] || needs+=(fontconfig fonts-wqy-zenhei)
fi
if lacks postgis; then
  ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || needs+=(postgresql-15)
  ls /usr/share/postgresql/*/extension/postgis.control >/dev/null 2>&1 || needs+=(postgresql-15-postgis-3)
fi
if lacks spark; then
  command -v "${JAVA_HOME:+$JAVA_HOME/bin/}java" >/dev/null || needs+=(openjdk-17-jre-headless)
fi
if [ ${#needs[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing for the tests: ${needs[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${needs[@]}" >/dev/null
  else
    echo "The tests need these Debian packages, which cannot be installed here: ${needs[*]}" >&2
    echo "Install them, or leave parts out by name: make test WITHOUT=postgis,browser,spark" >&2
    exit 1
  fi
fi

if [ ${#likes[@]} -gt 0 ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing if it is at hand, for quicker tests: ${likes[*]}"
  export DEBIAN_FRONTEND=noninteractive
  { timeout 60 apt-get update -qq && timeout 120 apt-get install -y -qq --no-install-recommends "${likes[@]}"; } \
    >/dev/null 2>&1 || echo "It is not; the tests drive the browser that is there."
fi

./scripts/venv.sh test
bin=$PWD/.venv/bin
export PATH=$bin:$PATH

work=$(mktemp -d)
checks=
fast=
stop() {
  [ -z "$checks" ] || kill "$checks" 2>/dev/null || true
  [ -d "$work/pg" ] && ./scripts/postgis.sh stop "$work/pg" "$port" >/dev/null 2>&1
  rm -rf "$work" ${fast:+"$fast"}
}
trap stop EXIT
# thousands of small stores are written: in memory no commit waits for a disk (TEST_ON_DISK=1 leaves them on one)
room() { df -k --output=avail "$1" 2>/dev/null | tail -n 1; }
if [ -z "${TEST_ON_DISK:-}" ] && [ -w /dev/shm ] && [ "$(room /dev/shm)" -gt 6000000 ] &&
  [ "$(awk '/^MemAvailable/ {print $2}' /proc/meminfo)" -gt 10000000 ]; then
  for left in /dev/shm/gridmap-tests.*; do # of a run that was killed
    pid=${left#*gridmap-tests.}
    [ ! -d "$left" ] || kill -0 "${pid%%.*}" 2>/dev/null || rm -rf "$left"
  done
  fast=$(mktemp -d "/dev/shm/gridmap-tests.$$.XXXXXX")
  chmod 755 "$fast" # the server of a test comes in as another user
  export TMPDIR=$fast
fi
if lacks postgis; then
  port=$(python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  TEST_DATABASE_URL=$(./scripts/postgis.sh start "$work/pg" "$port" | tail -n 1)
  export TEST_DATABASE_URL
fi

# Lint, types and import rules run beside the tests: they take one processor, and much of the tests is waiting.
./scripts/check.sh static >"$work/static.log" 2>&1 &
checks=$!
status=0
read -r -a more <<< "${PYTEST_ARGS:-}"
# each worker begins with one half of the suite in its order, so that what a file prepares is prepared once, and who is
# done takes from the end of the other's
python -m pytest -n "${JOBS:-2}" --dist worksteal "${more[@]}" || status=$?
wait "$checks" || status=$?
checks=
cat "$work/static.log"
if [ -n "$without" ]; then echo "LEFT OUT by request: $without"; fi
exit "$status"
