# shellcheck shell=bash
# What the scripts of tools/ share; they source it, and are in the source tree's folder afterwards.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

say() { printf '%s\n' "$*" >&2; }
die() { say "${0##*/}: $*"; exit 1; }

# Puts what is needed in front of a command to run it as root into the array `as_root`.
find_root() {
  as_root=()
  [ "$(id -u)" != 0 ] || return 0
  command -v sudo >/dev/null || die "needs to be root, and there is no sudo; run this as root"
  as_root=(sudo)
}

# The Debian mirror of this machine, as its own apt sources name it.
debian_mirror() {
  . /etc/os-release
  local found
  found=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(SITE)' 'Created-By: Packages' |
    awk -v release="${VERSION_CODENAME:-}" \
      '($1 == release || $1 == "stable") && $2 == "main" {print $3; exit}')
  [ -n "$found" ] || die "no Debian mirror in this machine's apt sources; set FLOWRUN_MIRROR to one"
  printf '%s\n' "$found"
}
