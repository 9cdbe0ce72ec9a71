#!/bin/sh
# Reading one .npz out of an uncompressed .tar by seeking to where it begins.
#
# Guess: numpy.load of an open file reads what begins at the file's position: for an .npy in the middle of a larger file it
#   does, so for an .npz too; or it raises, because the archive's own directory is not at the end of the file.
# Really: it opens the LAST .npz of the tar, whichever was sought, without an error or a warning: zipfile looks for its
#   directory from the end of the file, and takes what lies before the found archive for harmless data. An .npy at the
#   same kind of place is read right, and so is the .npz from a buffer of its own bytes.
# Versions: numpy 2.3.5 on CPython 3.11.7.
# Source: numpy's load (numpy/lib), CPython's zipfile (_EndRecData, and what it calls concat).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'numpy==2.3.5'
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import io
import os
import tarfile

import numpy as np

for number in range(3):
    np.savez(f"{number}.npz", a=np.full(4, number))
    np.save(f"{number}.npy", np.full(4, number))
with tarfile.open("all.tar", "w") as archive:
    for number in range(3):
        archive.add(f"{number}.npz")
        archive.add(f"{number}.npy")
with tarfile.open("all.tar") as archive:
    places = {member.name: (member.offset_data, member.size) for member in archive}

def sought(name):
    file = open("all.tar", "rb")
    file.seek(places[name][0])
    loaded = np.load(file)
    return int(loaded["a"][0] if name.endswith(".npz") else loaded[0])

def buffered(name):
    with open("all.tar", "rb") as file:
        data = os.pread(file.fileno(), places[name][1], places[name][0])
    return int(np.load(io.BytesIO(data))["a"][0])

found = [(number, sought(f"{number}.npz"), sought(f"{number}.npy"), buffered(f"{number}.npz")) for number in range(3)]
for number, npz, npy, own in found:
    print(f"sought {number}: .npz at its place gives {npz}, .npy at its place {npy}, .npz from its own bytes {own}")
assert [npz for _, npz, _, _ in found] == [2, 2, 2], "an .npz in the middle is no longer the last one"
assert [npy for _, _, npy, _ in found] == [own for _, _, _, own in found] == [0, 1, 2]
PYTHON
