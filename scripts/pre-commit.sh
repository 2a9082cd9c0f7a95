#!/usr/bin/env bash
# Format and lint, before a commit.
set -euo pipefail
cd "$(git rev-parse --show-toplevel)"
if ! .venv/bin/ruff format --check --quiet . || ! .venv/bin/ruff check --quiet .; then
  echo "run: make fix" >&2
  exit 1
fi
