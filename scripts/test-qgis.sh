#!/usr/bin/env bash
# QGIS from Debian, without its windows, and ogr2ogr read and edit our collections: make test-qgis. About 1 GB.
set -euo pipefail
cd "$(dirname "$0")/.."
needs=()
/usr/bin/python3 -c 'import qgis.core' 2>/dev/null || needs+=(python3-qgis)
[ -n "$(find /usr/lib/qgis -name 'libprovider_wfs.so' 2>/dev/null)" ] || needs+=(qgis-providers)
[ -x /usr/bin/ogr2ogr ] || needs+=(gdal-bin)
if [ ${#needs[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing for the tests, about 1 GB: ${needs[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${needs[@]}" >/dev/null
  else
    echo "These tests need Debian packages, which cannot be installed here: ${needs[*]}" >&2
    exit 1
  fi
fi
./scripts/venv.sh test
exec .venv/bin/python -m pytest -m qgis tests/qgis
