#!/usr/bin/env bash
# Makes .venv with the given Python (3.11 or newer). Debian ships venv's pip apart: installs it when it may, else says how.
set -euo pipefail
cd "$(dirname "$0")/.."
python=$1
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "postlude needs Python 3.11 or newer; '$python' is not. Try: make PYTHON=/path/to/python3.11" >&2
  exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing Debian's python3-venv" >&2
    apt-get -o DPkg::Lock::Timeout=300 install -y -qq python3-venv >/dev/null || { apt-get update -qq && apt-get -o DPkg::Lock::Timeout=300 install -y -qq python3-venv >/dev/null; }
  else
    echo "this Python has no venv: run 'sudo apt-get install python3-venv', then the same command again" >&2
    exit 1
  fi
fi
rm -rf .venv
"$python" -m venv .venv
