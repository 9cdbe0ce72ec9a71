"""Runs the benchmarks named on the command line, or all: each module here but the helpers has a `main()`."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys

from tests import bench


def run() -> None:
    available = [module.name for module in pkgutil.iter_modules(bench.__path__) if not module.name.startswith("_")]
    chosen = sys.argv[1:] or available
    unknown = set(chosen) - set(available)
    if unknown:
        sys.exit(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(available)}")
    if len(chosen) == 1:
        importlib.import_module(f"tests.bench.{chosen[0]}").main()
        return
    for name in chosen:  # each in a process of its own, so that none finds another's threads or memory
        print(f"\n== {name}", flush=True)
        subprocess.run([sys.executable, "-m", "tests.bench", name], check=True)


run()
