#!/usr/bin/env bash
# Makes git check this clone's commits: format and lint, and the message.
set -euo pipefail
cd "$(dirname "$0")/.."
hooks=$(git rev-parse --git-path hooks)
mkdir -p "$hooks"
ln -sf "$PWD/scripts/pre-commit.sh" "$hooks/pre-commit"
ln -sf "$PWD/scripts/commit-message.sh" "$hooks/commit-msg"
echo "git checks format, lint and message of every commit here"
