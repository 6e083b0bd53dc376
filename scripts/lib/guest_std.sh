# shellcheck shell=bash disable=SC2034
# Rust's standard library for wasm32-wasip2, where rustup cannot fetch it: built
# from Debian's copy of the same release, into an overlay of the installed
# toolchain. The toolchain itself is not written to; a wrapper named `rustc`
# points at the overlay, and `cargo xtask` uses it when the toolchain has no
# wasm32-wasip2 of its own.

# The cache folder that belongs to the active compiler, such as 1.95.0-59807616e.
guest_std_folder() {
  rustc -vV | awk -v cache="$CACHE" '
    $1 == "release:" { release = $2 }
    $1 == "commit-hash:" { hash = substr($2, 1, 9) }
    END { print cache "/guest-std/" release "-" hash }'
}

build_guest_std() {
  local folder=$1 work release source_version log
  release=$(rustc -vV | awk '$1 == "release:" { print $2 }')
  work=$folder/work
  log=$(dirname "$folder")/build.log
  say "building wasm32-wasip2's standard library for Rust $release, once (about a minute; log: $log)"
  mkdir "$work"

  say "  downloading Rust's library sources and wasi-libc from Debian's archive"
  debian_open "$work/apt" trixie-backports forky sid
  source_version=$(debian_version "$work/apt" rust-src "$release+")
  [ -n "$source_version" ] ||
    die "Debian's archive has no rust-src $release: use a Rust release that it has ($(debian_versions "$work/apt" rust-src)), or install the target with 'rustup target add wasm32-wasip2'"
  debian_unpack "$work/apt" "$work/debian" "rust-src=$source_version" wasi-libc

  overlay_sysroot "$folder/sysroot" "$work/debian/usr/src/rustc-$release" "$work/debian"
  write_rustc_wrapper "$folder/bin/rustc"

  say "  compiling std"
  mkdir -p "$work/empty/src"
  printf '[package]\nname = "empty"\nedition = "2024"\n[workspace]\n' >"$work/empty/Cargo.toml"
  printf '#![no_std]\n' >"$work/empty/src/lib.rs"
  # Without bitcode in std, guests could not be linked with fat LTO.
  env -u RUSTC_WRAPPER -u RUSTC_WORKSPACE_WRAPPER -u CARGO_ENCODED_RUSTFLAGS -u CARGO_BUILD_TARGET \
    RUSTC="$folder/bin/rustc" RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Cembed-bitcode=yes CARGO_TARGET_DIR="$work/target" \
    cargo build --release -Zbuild-std=std,panic_abort --target wasm32-wasip2 \
    --manifest-path "$work/empty/Cargo.toml" >"$log" 2>&1 ||
    die "std did not build: $(grep -m1 '^error' "$log" || tail -n1 "$log") (log: $log)"

  local lib=$folder/sysroot/lib/rustlib/wasm32-wasip2/lib
  find "$work/target/wasm32-wasip2/release/deps" -name '*.rlib' ! -name 'libempty-*' -exec cp -t "$lib" {} +
  compgen -G "$lib/libstd-*.rlib" >/dev/null || die "std was built, but no libstd was left in $work/target (log: $log)"
  rm -rf "$work" "$folder/sysroot/lib/rustlib/src"
}

# Links to everything in the real sysroot, except the two places that the overlay replaces.
overlay_sysroot() {
  local overlay=$1 source=$2 debian=$3 real entry libc
  real=$(rustc --print sysroot)
  mkdir -p "$overlay/lib/rustlib/src" "$overlay/lib/rustlib/wasm32-wasip2/lib/self-contained"
  for entry in "$real"/*; do
    [ "${entry##*/}" = lib ] || ln -s "$entry" "$overlay/"
  done
  for entry in "$real"/lib/*; do
    [ "${entry##*/}" = rustlib ] || ln -s "$entry" "$overlay/lib/"
  done
  for entry in "$real"/lib/rustlib/*; do
    case ${entry##*/} in
      src | wasm32-wasip2) ;;
      *) ln -s "$entry" "$overlay/lib/rustlib/" ;;
    esac
  done
  ln -s "$source" "$overlay/lib/rustlib/src/rust"
  for entry in libc.a crt1-command.o crt1-reactor.o; do
    libc=$(find "$debian/usr/lib" -path "*/wasm32-wasip2/$entry" -print -quit)
    [ -n "$libc" ] || die "Debian's wasi-libc has no wasm32-wasip2/$entry"
    cp "$libc" "$overlay/lib/rustlib/wasm32-wasip2/lib/self-contained/"
  done
}

write_rustc_wrapper() {
  mkdir -p "$(dirname "$1")"
  cat >"$1" <<EOF
#!/bin/sh
here=\$(dirname "\$(dirname "\$(readlink -f "\$0")")")
exec "$(rustc --print sysroot)/bin/rustc" --sysroot "\$here/sysroot" "\$@"
EOF
  chmod +x "$1"
}
