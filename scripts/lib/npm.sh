# shellcheck shell=bash disable=SC2034
# Node packages that tests are written with.

#   install_npm_packages FOLDER       installs only when the lock file has changed
install_npm_packages() {
  local folder=$1 wanted stamp
  [ -f "$folder/package.json" ] || return 0
  need npm "install Node 20 or newer"
  wanted=$(cat "$folder"/package*.json | sha256sum)
  stamp=$folder/node_modules/.installed
  [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || return 0
  say "installing the Node packages of $folder"
  if [ -f "$folder/package-lock.json" ]; then
    npm --prefix "$folder" ci --no-audit --no-fund >&2
  else
    npm --prefix "$folder" install --no-audit --no-fund --no-package-lock >&2
  fi
  printf '%s\n' "$wanted" >"$stamp"
}
