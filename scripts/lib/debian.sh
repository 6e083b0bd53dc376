# shellcheck shell=bash disable=SC2034
# Packages of Debian's archive, unpacked into a private folder: without root, and the
# system's own apt and dpkg state is neither read nor written. The mirror is the one that the system's apt is configured with, and
# everything is verified with Debian's installed keyring.

DEBIAN_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# The base address of the mirror that the system itself uses.
debian_mirror() {
  apt-get indextargets --format '$(CREATED_BY) $(COMPONENT) $(REPO_URI)' 2>/dev/null |
    awk '$1 == "Packages" && $2 == "main" && $3 ~ /\/debian\/?$/ { print $3; exit }'
}

debian_codename() { . /etc/os-release && printf '%s' "${VERSION_CODENAME:-}"; }

# A private apt: `debian_open FOLDER SUITE...` downloads the lists, after which
# `debian_apt FOLDER ...` runs apt-get or apt-cache against them.
debian_open() {
  local apt=$1 mirror suite
  shift
  need apt-get "packages come from Debian's archive, so this needs a Debian-like system"
  [ -r "$DEBIAN_KEYRING" ] || die "$DEBIAN_KEYRING is missing: install debian-archive-keyring"
  mirror=$(debian_mirror)
  [ -n "$mirror" ] || die "no Debian mirror is configured in this system's apt sources"
  mkdir -p "$apt"/{etc/apt.conf.d,etc/preferences.d,state/lists/partial,cache/archives/partial}
  : >"$apt/status"
  for suite in "$@"; do
    printf 'deb [signed-by=%s] %s %s main\n' "$DEBIAN_KEYRING" "$mirror" "$suite"
  done >"$apt/etc/sources.list"
  # How the system downloads (proxies, certificates, how fresh a list must be) holds here too; its hooks do not.
  apt-config dump | grep -E '^Acquire::(Check|https?|Max|Retries|By|ForceIPv)' >"$apt/apt.conf" || true
  cat >>"$apt/apt.conf" <<EOF
Dir::Etc "$apt/etc";
Dir::Etc::SourceList "$apt/etc/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::State "$apt/state";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
APT::Sandbox::User "";
APT::Install-Recommends "false";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
EOF
  debian_apt "$apt" apt-get -q update >"$apt/update.log" 2>&1 ||
    die "apt could not read $* from Debian's archive: $(grep -m1 '^[EW]:' "$apt/update.log" || tail -n1 "$apt/update.log")"
}

debian_apt() {
  local apt=$1
  shift
  APT_CONFIG="$apt/apt.conf" "$@"
}

# The newest version of PACKAGE that starts with PREFIX, or nothing.
#   debian_version APT PACKAGE PREFIX
debian_version() {
  debian_apt "$1" apt-cache madison "$2" | awk -F' *[|] *' -v prefix="$3" 'index($2, prefix) == 1 { print $2; exit }'
}

# Exactly these packages, unpacked:  debian_unpack APT INTO PACKAGE[=VERSION]...
debian_unpack() {
  local apt=$1 into=$2
  shift 2
  rm -rf "$apt/debs"
  mkdir -p "$apt/debs" "$into"
  ( cd "$apt/debs" && debian_apt "$apt" apt-get -q download "$@" >"$apt/download.log" 2>&1 ) ||
    die "apt could not download $*: $(grep -m1 '^E:' "$apt/download.log")"
  debian_extract "$apt/debs" "$into"
}

# These packages and all that they depend on, as if nothing were installed.
#   debian_unpack_closure APT INTO PACKAGE...
debian_unpack_closure() {
  local apt=$1 into=$2
  shift 2
  mkdir -p "$into"
  debian_apt "$apt" apt-get -q -y install --download-only "$@" >"$apt/download.log" 2>&1 ||
    die "apt could not download $*: $(grep -m1 '^E:' "$apt/download.log")"
  debian_extract "$apt/cache/archives" "$into"
}

debian_extract() {
  local package
  for package in "$1"/*.deb; do
    dpkg-deb -x "$package" "$2" || die "dpkg-deb could not unpack $(basename "$package")"
  done
}

debian_versions() {
  debian_apt "$1" apt-cache madison "$2" | awk -F' *[|] *' '{ print $2 }' | sort -Vu | paste -sd' '
}
