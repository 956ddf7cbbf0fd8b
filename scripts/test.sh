#!/usr/bin/env bash
# Everything that must hold: make test. WITHOUT=postgis,browser,spark leaves parts out, and the summary says so.
set -euo pipefail
cd "$(dirname "$0")/.."
without=${WITHOUT:-}
export GRIDMAP_TESTS_WITHOUT=$without
needs=()
lacks() { case ",$without," in *,"$1",*) return 1;; *) return 0;; esac; }

browser() { command -v "${CHROMIUM:-chromium}" || command -v google-chrome; }
if lacks browser; then
  browser >/dev/null || needs+=(chromium)
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

./scripts/venv.sh test
bin=$PWD/.venv/bin
export PATH=$bin:$PATH

work=$(mktemp -d)
stop() {
  [ -d "$work/pg" ] && ./scripts/postgis.sh stop "$work/pg" "$port" >/dev/null 2>&1
  rm -rf "$work"
}
trap stop EXIT
if lacks postgis; then
  port=$(python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  TEST_DATABASE_URL=$(./scripts/postgis.sh start "$work/pg" "$port" | tail -n 1)
  export TEST_DATABASE_URL
fi

./scripts/check.sh static
status=0
read -r -a more <<< "${PYTEST_ARGS:-}"
python -m pytest -n "${JOBS:-2}" "${more[@]}" || status=$?
if [ -n "$without" ]; then echo "LEFT OUT by request: $without"; fi
exit "$status"
