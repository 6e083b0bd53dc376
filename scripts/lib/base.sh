# shellcheck shell=bash disable=SC2034
# Shared by all scripts: the cache folder, messages, and folders that are published complete or not at all.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CACHE=$(realpath -m "${MINDFLOW_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/mindflow}")
export MINDFLOW_CACHE=$CACHE

say() { printf '%s\n' "${SAY_AS:-mindflow}: $*" >&2; }
die() { say "$*"; exit 1; }
need() { command -v "$1" >/dev/null || die "$1 is missing: $2"; }

# Every failed step is reported.
set -o errtrace
report() { say "failed at ${BASH_SOURCE[1]##*/}:${BASH_LINENO[0]}: $BASH_COMMAND"; }
trap report ERR

# Builds a cache folder in a staging folder next to it and renames it when it is
# complete, so that an interrupted run leaves nothing half-made. Of two
# concurrent runs, the second waits for the first.
#   publish FINAL COMMAND [ARG...]     COMMAND gets the staging folder as its last argument
publish() {
  local final=$1 parent name staging lock
  need flock "install util-linux"
  shift
  parent=$(dirname "$final")
  name=$(basename "$final")
  mkdir -p "$parent"
  exec {lock}>"$parent/.lock-$name"
  flock --nonblock "$lock" || { say "waiting for another run that makes $final" && flock "$lock"; }
  if [ ! -e "$final" ]; then
    staging=$parent/.staging-$name
    rm -rf "$staging"
    mkdir "$staging"
    # The subshell reports its own failure.
    trap - ERR
    ( trap report ERR; trap '[ $? = 0 ] || rm -rf "$staging"' EXIT; trap 'exit 130' INT TERM HUP; "$@" "$staging" )
    trap report ERR
    mv -T "$staging" "$final"
  fi
  exec {lock}>&-
}

# Runs a step in the background; `wait_for NAME` waits for its end and fails when it failed. A script that fails
# ends the steps that still run.
#   in_background NAME COMMAND [ARG...]
declare -A BACKGROUND=()
in_background() {
  local name=$1
  shift
  "$@" &
  BACKGROUND[$name]=$!
  trap 'kill "${BACKGROUND[@]}" 2>/dev/null || true' EXIT
}

wait_for() {
  local pid=${BACKGROUND[$1]}
  unset "BACKGROUND[$1]"
  wait "$pid" || die "$1: this step failed"
}
