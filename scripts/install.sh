#!/usr/bin/env bash
# Installs one lock file (every hash checked) and the project itself into .venv.
set -euo pipefail
cd "$(dirname "$0")/.."
lock=$1
log=.venv/install.log
pip() { PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 .venv/bin/python -m pip "$@" >>"$log" 2>&1; }
echo "installing $lock (about a minute the first time)"
# uv installs the same files in a fraction of pip's time; where it cannot be had or reach the index, pip does it.
with_uv() {
  pip install --no-deps --require-hashes -r requirements/uv.lock &&
    .venv/bin/uv pip install --python .venv/bin/python --no-deps --require-hashes -r "$lock" >>"$log" 2>&1
}
if ! { { with_uv || pip install --no-deps --require-hashes -r "$lock"; } && pip install --no-deps --no-build-isolation -e .; }; then
  tail -n 20 "$log" >&2
  echo "installing failed; the whole log is in $log" >&2
  exit 1
fi
