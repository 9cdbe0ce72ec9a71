"""Runs the benchmarks named on the command line, or all: each module here but the helpers has a `main()`."""

from __future__ import annotations

import importlib
import pkgutil
import sys

from tests import bench


def run() -> None:
    available = [module.name for module in pkgutil.iter_modules(bench.__path__) if not module.name.startswith("_")]
    chosen = sys.argv[1:] or available
    unknown = set(chosen) - set(available)
    if unknown:
        sys.exit(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(available)}")
    for name in chosen:
        print(f"\n== {name}", flush=True)
        importlib.import_module(f"tests.bench.{name}").main()


run()
