#!/usr/bin/env bash
# A throw-away PostGIS on loopback, for tests.
#
#   scripts/postgis.sh start DIR [PORT]   make and start a cluster; the last line printed is its SQLAlchemy URL
#   scripts/postgis.sh crash DIR          kill it as a power cut would, and start it again on its port
#   scripts/postgis.sh halt DIR           kill it so, and leave it down
#   scripts/postgis.sh standby DIR OF     make and start a hot standby of the server in OF; prints its URL
#   scripts/postgis.sh promote DIR        let a standby take writes
#   scripts/postgis.sh stop DIR           stop it and delete its data
#
# Without PORT (or with 0) a free one is chosen. Nothing is installed: where something is missing, this says which
# packages and exits 3. Run as root, the server runs as the user postgres, because it refuses to run as root.
# It has no durability (fsync off; on with POSTGIS_DURABLE=on, for figures) and trusts every local user: never keep
# anything in it.
set -euo pipefail

usage() { sed -n '3,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[ $# -ge 2 ] || usage
command=$1
mkdir -p "$2"
dir=$(cd "$2" && pwd)
port=0
[ "$1" != start ] || port=${3:-0}
durable=${POSTGIS_DURABLE:-off}

# The newest installed server that also has PostGIS.
find_server() {
  local bin share
  for bin in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV) "$(pg_config --bindir 2>/dev/null || true)"; do
    [ -x "$bin/initdb" ] && [ -x "$bin/pg_ctl" ] && [ -x "$bin/psql" ] || continue
    share=$("$bin/pg_config" --sharedir 2>/dev/null || echo "/usr/share/postgresql/$(basename "$(dirname "$bin")")")
    if [ -f "$share/extension/postgis.control" ]; then echo "$bin"; return; fi
  done
}
bin=$(find_server)
if [ -z "$bin" ]; then
  {
    echo "PostgreSQL with PostGIS was not found. Missing:"
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || echo "  postgresql-15            (server: initdb, pg_ctl, psql)"
    echo "  postgresql-15-postgis-3  (the extension postgis)"
    echo "On Debian 12, as root: apt-get install --no-install-recommends postgresql-15 postgresql-15-postgis-3"
  } >&2
  exit 3
fi

# "env -C /" because the caller's directory may be closed to the user postgres.
if [ "$(id -u)" = 0 ]; then
  as() { runuser -u postgres -- env -C / "$@"; }
else
  as() { "$@"; }
fi

# DIR may lie below a directory that postgres cannot enter (mktemp -d as root): then the data live beside, in /tmp,
# and DIR/location remembers where.
place_data() {
  if [ -s "$dir/location" ]; then cat "$dir/location"; return; fi
  local place=$dir/data
  if [ "$(id -u)" = 0 ]; then
    mkdir -p "$place" && chown postgres: "$place"
    if ! as test -w "$place"; then
      rmdir "$place"
      place=$(mktemp -d /tmp/gridmap-postgis.XXXXXX)
      chown postgres: "$place"
    fi
  else
    mkdir -p "$place"
  fi
  echo "$place" >"$dir/location"
  echo "$place"
}

free_port() {
  local candidate
  for _ in $(seq 100); do
    candidate=$((20000 + RANDOM % 12000))
    (exec 3<>"/dev/tcp/127.0.0.1/$candidate") 2>/dev/null || { echo "$candidate"; return; }
  done
  echo "no free port found" >&2
  return 1
}

running_port() { # the port of a server that runs in this directory
  as "$bin/pg_ctl" -D "$1" status >/dev/null 2>&1 && as sed -n 4p "$1/postmaster.pid"
}

case $command in
  start)
    data=$(place_data)
    if found=$(running_port "$data"); then
      port=$found
    else
      [ "$port" != 0 ] || port=$(free_port)
      as test -f "$data/PG_VERSION" ||
        as "$bin/initdb" -D "$data" -U grid -A trust -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null
      # No unix socket at all: its path has a length limit, and every client here uses TCP.
      as "$bin/pg_ctl" -D "$data" -w -t 60 -l "$data/server.log" -o "-p $port -c listen_addresses=127.0.0.1 \
        -c unix_socket_directories='' -c fsync=$durable -c synchronous_commit=$durable -c full_page_writes=$durable \
        -c max_connections=200" start >/dev/null || { as tail -n 20 "$data/server.log" >&2; exit 1; }
    fi
    psql() { as env PGHOST=127.0.0.1 PGPORT="$port" PGUSER=grid "$bin/psql" -XqAt -v ON_ERROR_STOP=1 "$@"; }
    if [ -z "$(psql -d postgres -c "select 1 from pg_database where datname = 'gridtest'")" ]; then
      psql -d postgres -c "create database gridtest"
      psql -d gridtest -c "create extension postgis"
    fi
    echo "postgresql+psycopg://grid@127.0.0.1:$port/gridtest"
    ;;
  crash)
    data=$(cat "$dir/location")
    as "$bin/pg_ctl" -D "$data" -m immediate -w stop >/dev/null
    # with the options it was started with
    as "$bin/pg_ctl" -D "$data" -w -t 60 -l "$data/server.log" \
      -o "$(as sed -E 's/^[^ ]+ //; s/"//g' "$data/postmaster.opts" | sed "s/unix_socket_directories=/&''/")" start >/dev/null
    ;;
  halt)
    as "$bin/pg_ctl" -D "$(cat "$dir/location")" -m immediate -w stop >/dev/null
    ;;
  standby)
    primary=$(running_port "$(cat "$3/location")")
    data=$(place_data)
    as chmod 700 "$data"
    as "$bin/pg_basebackup" -h 127.0.0.1 -p "$primary" -U grid -D "$data" -R -X stream -c fast --no-sync
    port=$(free_port)
    as "$bin/pg_ctl" -D "$data" -w -t 60 -l "$data/server.log" -o "-p $port -c listen_addresses=127.0.0.1 \
      -c unix_socket_directories='' -c fsync=$durable -c max_connections=200" start >/dev/null
    echo "postgresql+psycopg://grid@127.0.0.1:$port/gridtest"
    ;;
  promote)
    as "$bin/pg_ctl" -D "$(cat "$dir/location")" -w promote >/dev/null
    ;;
  stop)
    [ -s "$dir/location" ] || exit 0
    data=$(cat "$dir/location")
    if running_port "$data" >/dev/null; then as "$bin/pg_ctl" -D "$data" -m fast -w stop >/dev/null; fi
    case $data in
      "$dir/data" | /tmp/gridmap-postgis.*) rm -rf -- "$data" ;;
    esac
    rm -f -- "$dir/location"
    ;;
  *) usage ;;
esac
