#!/usr/bin/env bash
# Sees to the Debian packages that the program (and with --test its tests) needs, or names exactly those that are missing.
set -euo pipefail

library() { ldconfig -p 2>/dev/null | grep -q "$1"; }

missing=()
need() { "$2" "$3" >/dev/null 2>&1 || missing+=("$1"); }
program() { command -v "$1"; }

python=${PYTHON:-python3}
if command -v "$python" >/dev/null; then
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Python 3.11 or later is needed; $python is $("$python" -V 2>&1). Name another one: make PYTHON=python3.12 …" >&2
    exit 1
  }
  "$python" -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
else
  missing+=(python3 python3-venv)
fi

if [ "$(uname -s)" = Linux ]; then
  need libgl1 library libGL.so.1
  need libegl1 library libEGL.so.1
  need libglib2.0-0 library libglib-2.0.so.0
  need libfontconfig1 library libfontconfig.so.1
  need libdbus-1-3 library libdbus-1.so.3
  need libxkbcommon-x11-0 library libxkbcommon-x11.so.0
  need libxcb-cursor0 library libxcb-cursor.so.0
  need libxcb-icccm4 library libxcb-icccm.so.4
  need libxcb-keysyms1 library libxcb-keysyms.so.1
  need libxcb-shape0 library libxcb-shape.so.0
  if [ "${1:-}" = --test ]; then
    need xvfb program Xvfb
    need xauth program xauth
    need assimp-utils program assimp
    need godot3-server program godot3-server
    need admesh program admesh
    need prusa-slicer program prusa-slicer
  fi
fi
[ ${#missing[@]} -eq 0 ] && exit 0

install="apt-get install -y --no-install-recommends ${missing[*]}"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  if apt-get update -qq && $install -qq -o DPkg::Lock::Timeout=300 >/dev/null; then exit 0; fi
fi
echo "Some system packages are missing. Install them, then run this again:" >&2
echo "  sudo apt-get update && sudo $install" >&2
exit 1
