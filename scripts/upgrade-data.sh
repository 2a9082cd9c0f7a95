#!/usr/bin/env bash
# Writes tests/upgrade/VERSION for a released version: `scripts/upgrade-data.sh v0.1.0 [COMMIT]`, COMMIT where the tag is
# missing. It builds that commit's wheel, lets the wheel write a data folder by tests/upgrade/VERSION/write_folder.py,
# and keeps that version's store with its tests. Run it once, when the version is released; about a minute.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$1 commit=${2:-$1} target=$PWD/tests/upgrade/$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
scripts/wheel.sh "$commit" "$work" >"$target/wheel.sha256"
mkdir "$work/old" "$work/kept"
.venv/bin/python -m zipfile -e "$work"/postlude-*.whl "$work/old"
PYTHONPATH=$work/old .venv/bin/python "$target/write_folder.py" "$work/folder"
pack() { tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -C "$1" -c . | gzip -9n >"$2"; }
pack "$work/folder" "$target/folder.tar.gz"
git archive "$commit" src/postlude/{__init__.py,kit,mail,model,instrument,store} src/postlude/services/{__init__.py,accounts} \
  tests/integration/{conftest.py,store} tests/support | tar -x -C "$work/kept"
pack "$work/kept" "$target/store.tar.gz"
ls -l "$target"
