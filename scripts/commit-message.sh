#!/usr/bin/env bash
# A commit message: `area: what it does now`, subject at most 72 characters, an empty line before the why.
set -euo pipefail
subject=$(head -n 1 "$1")
case "$subject" in fixup!*|squash!*|Merge\ *|Revert\ *) exit 0 ;; esac
if [ "${#subject}" -gt 72 ]; then
  echo "the subject has ${#subject} characters, at most 72: put the why into the body" >&2
  exit 1
fi
if ! [[ "$subject" =~ ^[a-z0-9][^:]*:\ .+ ]]; then
  echo "write the subject as 'area: what it does now'" >&2
  exit 1
fi
if [ -n "$(sed -n 2p "$1")" ]; then
  echo "leave the second line empty" >&2
  exit 1
fi
