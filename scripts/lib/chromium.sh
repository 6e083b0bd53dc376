# shellcheck shell=bash disable=SC2034
# The browser of the web client's stories: the one that MINDFLOW_CHROMIUM names, an installed one, else Debian's package.

# Sets MINDFLOW_CHROMIUM. It does nothing where that is done.
ensure_chromium() {
  local name
  for name in "${MINDFLOW_CHROMIUM:-}" chromium chromium-browser google-chrome; do
    if [ -n "$name" ] && command -v "$name" >/dev/null; then
      MINDFLOW_CHROMIUM=$(command -v "$name")
      export MINDFLOW_CHROMIUM
      return
    fi
  done
  [ "$(id -u)" = 0 ] || die "there is no Chromium for the stories of the web client: install it (Debian: chromium), or name it in MINDFLOW_CHROMIUM"
  need apt-get "install Chromium, or name it in MINDFLOW_CHROMIUM"
  say "installing Debian's chromium for the stories of the web client"
  { apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends chromium fonts-dejavu-core; } >&2 ||
    die "apt could not install chromium"
  MINDFLOW_CHROMIUM=$(command -v chromium)
  export MINDFLOW_CHROMIUM
}
