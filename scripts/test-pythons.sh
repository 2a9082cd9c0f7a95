#!/usr/bin/env bash
# The tests named (tests/unit when none is) under every Python from 3.11 to 3.14 that can be had: on the path, from pyenv,
# or brought by uv. Each has an environment of its own in .pythons/. Says at the end which passed and which are missing.
set -uo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- tests/unit
PYTHONS=${PYTHONS:-3.11 3.12 3.13 3.14}

find_python() {
  local found
  found=$(command -v "python$1") && "$found" -c '' 2>/dev/null && { echo "$found"; return; }
  found=$(compgen -G "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1.*/bin/python$1" | sort -V | tail -n 1)
  [ -n "$found" ] && { echo "$found"; return; }
  command -v uv >/dev/null && { uv python find "$1" 2>/dev/null || { uv python install -q "$1" && uv python find "$1"; }; }
}

mkdir -p .pythons
passed=() failed=() missing=()
for version in $PYTHONS; do
  python=$(find_python "$version")
  [ -n "$python" ] || { missing+=("$version"); continue; }
  home=.pythons/$version
  if ! [ "$home/ready" -nt requirements/dev.lock ]; then
    echo "Python $version: installing ($python)"
    rm -rf "$home"
    if ! { mkdir -p "$home" && "$python" -m venv "$home" &&
      "$home/bin/pip" install -q --no-deps --require-hashes -r requirements/dev.lock &&
      "$home/bin/pip" install -q --no-deps --no-build-isolation -e .; } >"$home.log" 2>&1; then
      tail -n 5 "$home.log"
      failed+=("$version (installing)")
      continue
    fi
    touch "$home/ready"
  fi
  echo "Python $version: $*"
  if "$home/bin/python" -m pytest -q -n "${WORKERS:-2}" -p no:cacheprovider "$@"; then passed+=("$version"); else failed+=("$version"); fi
done
echo "passed: ${passed[*]:-none}; failed: ${failed[*]:-none}; not at hand: ${missing[*]:-none}"
[ ${#failed[@]} -eq 0 ]
