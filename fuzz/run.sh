#!/bin/bash
# Run every fuzz target of this folder for SECONDS each (default 60), from seeds kept in .fuzz/; report executions.
set -euo pipefail
cd "$(dirname "$0")/.."
for target in ${TARGETS:-fuzz/*.py}; do
  name=$(basename "$target" .py)
  mkdir -p ".fuzz/$name"
  echo "== $name"
  nice .venv/bin/python "$target" ".fuzz/$name" $(for seeds in ../shared/corpus/eml ../shared/corpus/html ../shared/corpus/bounces; do [ -d "$seeds" ] && find "$seeds" -mindepth 1 -type d; done) \
    -max_total_time="${FUZZ_SECONDS:-60}" -max_len=4096 -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 2>&1 | tee ".fuzz/$name.log" |
    grep -E "stat::number_of_executed_units|stat::new_units|ERROR|Uncaught|AssertionError|cov:.*DONE" || true
  ! grep -qE "ERROR: |Uncaught Python exception" ".fuzz/$name.log"
done
