#!/usr/bin/env bash
# Builds the wheel of a commit or tag, the same bytes every time: `scripts/wheel.sh v0.1.0 dist`. Prints its SHA-256.
# Only what is committed goes in, with the commit's own time, from a folder of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
commit=$(git rev-parse --verify "$1^{commit}")
out=$(mkdir -p "$2" && cd "$2" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
git archive "$commit" | tar -x -C "$tree"
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct "$commit") PIP_DISABLE_PIP_VERSION_CHECK=1 \
  .venv/bin/python -m pip wheel -q --no-deps --no-build-isolation -w "$tree/dist" "$tree"
cp "$tree"/dist/*.whl "$out"
(cd "$out" && sha256sum "$(basename "$tree"/dist/*.whl)")
