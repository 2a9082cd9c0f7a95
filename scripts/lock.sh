#!/usr/bin/env bash
# Pins the dependencies with hashes into requirements/*.lock. Needs `uv` (pip install uv).
set -euo pipefail
cd "$(dirname "$0")/.."
compile() { uv pip compile -q --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-annotate --no-header "$@"; }
compile pyproject.toml requirements/build.in -o requirements/runtime.lock
compile pyproject.toml requirements/build.in requirements/dev.in -c requirements/runtime.lock -o requirements/dev.lock
echo uv | compile - -o requirements/uv.lock
