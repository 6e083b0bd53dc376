# shellcheck shell=bash disable=SC2034
# Python packages that tests run servers with: pinned with their checksums, in the cache folder. The
# system's Python is not changed.

#   install_python_tools NAME REQUIREMENTS    exports MINDFLOW_PYTHON_NAME, a folder for PYTHONPATH
install_python_tools() {
  local name=$1 requirements=$2 folder
  need python3 "install Python 3.10 or newer with pip"
  folder=$CACHE/python/$name-$(sha256sum "$requirements" | cut -c1-12)
  [ -d "$folder" ] || publish "$folder" unpack_python_tools "$requirements"
  export "MINDFLOW_PYTHON_$(printf '%s' "$name" | tr 'a-z-' 'A-Z_')=$folder"
}

unpack_python_tools() {
  local requirements=$1 folder=$2
  say "installing the Python packages of $requirements"
  python3 -m pip install --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes \
    --target "$folder" --requirement "$requirements" >&2 ||
    die "pip could not install $requirements"
}
