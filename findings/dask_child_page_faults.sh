#!/usr/bin/env bash
# Guess: a program that a dask worker starts runs as it would from a shell; a worker asks for memory back for itself alone.
# Really: the worker's nanny puts MALLOC_TRIM_THRESHOLD_=65536 into its environment, which every child inherits. glibc then
#     maps each array of 128 KiB or more anew and gives it back at once, so that every use of it is a page fault for each
#     4 KiB: hundreds of times as many as from a shell. A process that makes pictures with numpy spent four times as
#     long in the kernel for it. Whoever starts such a program from a worker takes the variable out.
# Versions: distributed 2026.8.0, numpy 2.4.6, Python 3.13, glibc 2.36, Linux x86_64.
# Source: measured; `distributed.nanny.pre-spawn-environ` in distributed.yaml.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3.13}" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet distributed==2026.8.0 numpy==2.4.6
cat >"$work/faults.py" <<'PY'
import os
import resource
import subprocess
import sys

CHILD = """
import resource
import numpy as np
for _ in range(20):
    np.ones(100_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(1000):
    np.ones(100_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(environment=None):
    return int(subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, env=environment).stdout)


def without():
    return faults({name: value for name, value in os.environ.items() if name != "MALLOC_TRIM_THRESHOLD_"})


if __name__ == "__main__":
    from distributed import Client, LocalCluster

    shell = faults()
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        client.upload_file(__file__)
        worker, mended = client.submit(faults).result(), client.submit(without).result()
    print(f"page faults of a thousand arrays of 800 kB: from a shell {shell}, from a worker {worker}, "
          f"from a worker without the variable {mended}")
    assert worker > 100_000 and max(shell, mended) < 1_000, "children of workers keep their memory now"
PY
cd "$work" && "$work/venv/bin/python" faults.py
