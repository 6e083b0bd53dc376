# shellcheck shell=bash disable=SC2034
# PostgreSQL, Redis and PgBouncer for the tests: the installed ones, or else Debian's
# packages, unpacked into the cache folder and run from there.

POSTGRES_MAJOR_MIN=15
# The first release of Debian that has TimescaleDB and pgvector, and the PostgreSQL that they are built for there.
EXTENDED_SUITE=trixie
EXTENDED_POSTGRES=17
# The first release of Debian whose PgBouncer keeps prepared statements in transaction mode (1.21 or newer).
PGBOUNCER_SUITE=trixie

# The newest installed PostgreSQL that is new enough, or nothing.
installed_postgres_bin() {
  local bin major initdb
  for bin in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -Vr); do
    major=$(basename "$(dirname "$bin")")
    if [ "${major%%.*}" -ge "$POSTGRES_MAJOR_MIN" ] 2>/dev/null && [ -x "$bin/initdb" ]; then
      printf '%s' "$bin"
      return
    fi
  done
  initdb=$(command -v initdb) || return 0
  bin=$(dirname "$(readlink -f "$initdb")")
  major=$("$bin/postgres" --version 2>/dev/null | grep -oE '[0-9]+' | head -n1)
  [ "${major:-0}" -lt "$POSTGRES_MAJOR_MIN" ] || printf '%s' "$bin"
}

# Exports MINDFLOW_POSTGRES_BIN and MINDFLOW_REDIS_SERVER, unless they are set.
#   MINDFLOW_PRIVATE_SERVERS=1    never use installed ones
find_test_servers() {
  local postgres=${MINDFLOW_POSTGRES_BIN:-} redis=${MINDFLOW_REDIS_SERVER:-}
  if [ "${MINDFLOW_PRIVATE_SERVERS:-}" != 1 ]; then
    [ -n "$postgres" ] || postgres=$(installed_postgres_bin)
    [ -n "$redis" ] || redis=$(command -v redis-server || true)
  fi
  if [ -z "$postgres" ]; then
    private_servers postgres "$(debian_codename)" postgresql
    postgres=$(private_postgres_bin)
  fi
  if [ -z "$redis" ]; then
    private_servers redis "$(debian_codename)" redis-server
    redis=$(private_folder redis)/usr/bin/redis-server
  fi
  export MINDFLOW_POSTGRES_BIN=$postgres MINDFLOW_REDIS_SERVER=$redis
}

# A PostgreSQL with TimescaleDB and pgvector, from Debian, in addition to the other one: exports MINDFLOW_POSTGRES_EXTENDED_BIN.
find_extended_postgres() {
  [ -z "${MINDFLOW_POSTGRES_EXTENDED_BIN:-}" ] || return 0
  private_servers postgres-extended "$EXTENDED_SUITE" "postgresql-$EXTENDED_POSTGRES"{,-timescaledb,-pgvector}
  export MINDFLOW_POSTGRES_EXTENDED_BIN=$CACHE/servers/postgres-extended-$EXTENDED_SUITE/usr/lib/postgresql/$EXTENDED_POSTGRES/bin
}

# PgBouncer, always this one: an installed one may be too old, and is not needed for anything else. Exports
# MINDFLOW_PGBOUNCER, unless it is set.
find_pgbouncer() {
  [ -z "${MINDFLOW_PGBOUNCER:-}" ] || return 0
  private_servers pgbouncer "$PGBOUNCER_SUITE" pgbouncer
  export MINDFLOW_PGBOUNCER=$CACHE/servers/pgbouncer-$PGBOUNCER_SUITE/usr/sbin/pgbouncer
}

private_folder() { printf '%s' "$CACHE/servers/$1-$(debian_codename)"; }

private_postgres_bin() {
  ls -d "$(private_folder postgres)"/usr/lib/postgresql/*/bin | sort -V | tail -n1
}

#   private_servers NAME SUITE PACKAGE...
private_servers() {
  local folder=$CACHE/servers/$1-$2
  [ -d "$folder" ] && return
  [ -n "$(debian_codename)" ] || die "this is no Debian system: install PostgreSQL $POSTGRES_MAJOR_MIN or newer and Redis, or set MINDFLOW_POSTGRES_BIN and MINDFLOW_REDIS_SERVER"
  say "downloading $1 from Debian's archive, once"
  publish "$folder" unpack_servers "$@"
}

unpack_servers() {
  local name=$1 suite=$2 folder=${*: -1} apt packages=("${@:3:$#-3}")
  apt=$folder/apt
  debian_open "$apt" "$suite" "$suite-updates"
  debian_unpack_closure "$apt" "$folder" "${packages[@]}"
  rm -rf "$apt" "$folder"/usr/share/{doc,i18n,locale,man,perl*} "$folder"/usr/lib/*/perl*
  case $name in
    postgres | postgres-extended) wrap "$folder" "$(dirname "$(find "$folder/usr/lib/postgresql" -path '*/bin/initdb')")" initdb pg_ctl pg_dump pg_isready postgres psql ;;
    redis) wrap "$folder" "$folder/usr/bin" redis-server redis-cli ;;
    pgbouncer) wrap "$folder" "$folder/usr/sbin" pgbouncer ;;
  esac
}

# Puts a script in the place of each PROGRAM of BIN that runs it with the
# libraries it came with, its own C library and loader among them.
#   wrap FOLDER BIN PROGRAM...
wrap() {
  local folder=$1 bin=$2 up program loader
  shift 2
  loader=$(cd "$folder" && find . -name 'ld-linux*.so.*' ! -type l -print -quit)
  [ -n "$loader" ] || die "Debian's libc6 brought no loader"
  up=$(realpath --relative-to="$bin" "$folder")
  mkdir "$bin/real"
  for program in "$@"; do
    # Links lead to absolute places of the system, so the file itself is moved.
    mv "$(readlink -f "$bin/$program")" "$bin/real/$program"
    rm -f "$bin/$program"
    cat >"$bin/$program" <<EOF
#!/bin/sh
bin=\$(dirname "\$(readlink -f "\$0")")
root=\$bin/$up
libraries=
for folder in "\$root"/lib/*-linux-gnu "\$root"/usr/lib/*-linux-gnu "\$root"/usr/lib; do
  libraries=\$libraries:\$folder
done
exec "\$root/$loader" --library-path "\${libraries#:}" --argv0 "\$bin/$program" "\$bin/real/$program" "\$@"
EOF
    chmod +x "$bin/$program"
  done
}
