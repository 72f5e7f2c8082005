#!/bin/bash
# Builds natskv from this checkout and installs it, with the Debian packages it needs. Safe to run again.
set -euo pipefail

usage() {
  cat << 'END'
install.sh: builds natskv and installs it

  ./install.sh                 as a Debian package (apt remove natskv takes it away), with sudo where that is needed
  ./install.sh --prefix DIR    into DIR, without a package
  ./install.sh --user          into ~/.local, without root; the packages must be there
  ./install.sh --packages ...  only the Debian packages natskv is built with, and those named

It installs packages with apt, builds in build/install, and says each step.
END
}

packages=(g++ cmake ninja-build pkg-config libnats-dev libcli11-dev libfmt-dev nlohmann-json3-dev libutf8proc-dev libssl-dev nats-server
  dpkg-dev file) # the last two for the package
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
prefix=
user=false
build=true

say() { printf 'install.sh: %s\n' "$*"; }
fail() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }

while [ $# -gt 0 ]; do
  case $1 in
    --prefix) [ $# -gt 1 ] && [ -n "$2" ] || fail "--prefix needs a directory"; prefix=$2; shift ;;
    --prefix=?*) prefix=${1#*=} ;;
    --user) user=true; prefix=$HOME/.local ;;
    --packages) build=false; shift; packages+=("$@"); break ;;
    -h | --help) usage; exit ;;
    *) usage >&2; fail "unknown option $1" ;;
  esac
  shift
done
case $prefix in '' | /*) ;; *) prefix=$PWD/$prefix ;; esac

# Runs a command as root: directly, or through sudo.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif ! $user && command -v sudo > /dev/null; then
    sudo "$@"
  else
    return 1
  fi
}

missing() {
  local package
  for package in "${packages[@]}"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null)" = installed ] || printf '%s ' "$package"
  done
}

if ! command -v apt-get > /dev/null; then
  fail "no apt here; install what these Debian packages hold, then use cmake: ${packages[*]}"
fi
read -r -a wanted <<< "$(missing)"
if [ ${#wanted[@]} = 0 ]; then
  say "all packages are there: ${packages[*]}"
else
  if $user && [ "$(id -u)" != 0 ]; then fail "--user needs these packages first: sudo apt-get install ${wanted[*]}"; fi
  say "installing packages: ${wanted[*]}"
  apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Acquire::Retries=3)
  as_root true || fail "needs root or sudo for: apt-get install ${wanted[*]}"
  as_root "${apt[@]}" update || say "the lists of packages could not all be refreshed; going on with those at hand"
  as_root "${apt[@]}" install --no-install-recommends "${wanted[@]}" || fail "apt could not install: ${wanted[*]}"
fi
$build || exit 0

package=OFF
if [ -z "$prefix" ]; then
  [ "$(id -u)" = 0 ] || command -v sudo > /dev/null || fail "a package needs root or sudo; try --user or --prefix DIR"
  package=ON prefix=/usr
fi
folder=$here/build/install
say "configuring in $folder"
cmake -S "$here" -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=Release -DNATSKV_TESTS=OFF -DNATSKV_DEBIAN=$package \
  -DCMAKE_INSTALL_PREFIX="$prefix" > /dev/null
say "building"
cmake --build "$folder"
if [ $package = ON ]; then
  say "packing"
  rm -f "$folder"/natskv_*.deb
  (cd "$folder" && cpack -G DEB > cpack.log) || { cat "$folder/cpack.log" >&2; fail "no package could be made"; }
  deb=$(echo "$folder"/natskv_*.deb)
  say "installing $deb"
  as_root dpkg -i "$deb" || fail "dpkg could not install $deb"
else
  say "installing into $prefix"
  writable=$prefix
  while [ ! -e "$writable" ]; do writable=$(dirname "$writable"); done
  if [ -w "$writable" ]; then
    cmake --install "$folder"
  else
    as_root cmake --install "$folder" || fail "cannot write to $prefix; try --user or another --prefix"
  fi
fi
"$prefix/bin/natskv" --version
case $(command -v natskv || true) in
  "$prefix/bin/natskv") say "done: natskv is in $prefix/bin" ;;
  '') say "done; add $prefix/bin to your PATH" ;;
  *) say "done: natskv is in $prefix/bin; another one comes first in your PATH: $(command -v natskv)" ;;
esac
if $user; then
  say "for zsh's completion ~/.zshrc needs, before compinit: fpath=(~/.local/share/zsh/site-functions \$fpath)"
fi
