"""`python -m simulation`: many seeds over all cores, or one with its log."""

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext

from simulation.mutations import MUTATIONS
from simulation.run import LENGTH, Result, command, shrunk, simulate

_SAY_SECONDS = 5.0


def main() -> int:
    """Exit 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="run this one and print its log")
    parser.add_argument("--seeds", type=int, default=200, help="how many to run (%(default)s)")
    parser.add_argument("--first", type=int, default=0, help="the first of them (%(default)s)")
    parser.add_argument("--length", type=int, default=LENGTH, help="operations a seed (%(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (%(default)s)")
    parser.add_argument("--mutation", choices=sorted(MUTATIONS), help="break this guarantee first")
    chosen = parser.parse_args()
    with MUTATIONS[chosen.mutation]() if chosen.mutation else nullcontext():
        return _one(chosen) if chosen.seed is not None else _many(chosen)


def _one(chosen: argparse.Namespace) -> int:
    result = simulate(chosen.seed, length=chosen.length)
    if result.problems:
        print(f"{len(result.operations)} operations break {result.problems[0]}; leaving some out ...", file=sys.stderr)
        result = shrunk(result)
    print(*result.log, *(result.problems or ["every promise holds"]), sep="\n")
    return bool(result.problems)


def _many(chosen: argparse.Namespace) -> int:
    begun = reported = time.monotonic()
    done = failed = hits = deaths = 0
    for result in _results(chosen):
        done, hits, deaths = done + 1, hits + result.hits, deaths + result.deaths
        if result.problems:
            failed += 1
            print(f"seed {result.seed}: {result.problems[0]}\n  {command(result.seed, chosen.length)}", flush=True)
        if (now := time.monotonic()) - reported > _SAY_SECONDS:
            reported = now
            left = (chosen.seeds - done) * (now - begun) / done
            print(f"{done} of {chosen.seeds} seeds, {failed} failed, about {left:.0f} s left", flush=True)
    seconds = time.monotonic() - begun
    print(f"{done} seeds, {hits} hits, {deaths} deaths in {seconds:.0f} s: {failed} failed")
    return bool(failed)


def _results(chosen: argparse.Namespace) -> Iterator[Result]:
    seeds = range(chosen.first, chosen.first + chosen.seeds)
    context = multiprocessing.get_context("fork")  # a mutation is inherited
    with context.Pool(chosen.jobs, maxtasksperchild=200) as pool:
        yield from pool.imap_unordered(_quietly, [(seed, chosen.length) for seed in seeds])


def _quietly(seed: tuple[int, int]) -> Result:
    """A result without its log: thousands of them are gathered."""
    return simulate(seed[0], length=seed[1])._replace(log=[])


if __name__ == "__main__":
    sys.exit(main())
