#!/bin/sh
# Prints the interpreters that can run XTalker, one "VERSION PATH" a line, best first.
# usage: find_python.sh [INTERPRETER]    without one: looks on PATH, in pyenv and in uv
# Each candidate is really run: a command on PATH can be a pyenv shim that refuses, or lack venv.

supported="3.13 3.11"
needs="XTalker needs Python 3.13 (Blender 5.2 and 5.3) or 3.11 (Blender 4.5) with its venv module, because Blender's own Python package exists for these alone"

describe() {
    "$1" -c 'import ensurepip, sys, venv; print("%d.%d" % sys.version_info[:2], sys.executable)' 2>/dev/null
}

candidates() {
    printf '%s\n' "python$1" python3 python
    if command -v pyenv >/dev/null; then
        pyenv versions --bare 2>/dev/null | grep "^$1\.[0-9]*$" | sort -rV | sed "s|.*|$(pyenv root)/versions/&/bin/python|"
    fi
    if command -v uv >/dev/null; then
        uv python find --system --no-python-downloads "$1" 2>/dev/null
    fi
}

if [ -n "$1" ]; then
    found=$(describe "$1") || { echo "$needs; \"$1\" does not run, or lacks that module." >&2; exit 1; }
    case " $supported " in
        *" ${found%% *} "*) echo "$found" ;;
        *) echo "$needs; \"$1\" is Python ${found%% *}." >&2; exit 1 ;;
    esac
    exit
fi

all=$(for version in $supported; do
    candidates "$version" | while read -r candidate; do
        found=$(describe "$candidate")
        if [ "${found%% *}" = "$version" ]; then
            echo "$found"
            break
        fi
    done
done)
[ -n "$all" ] || { echo "$needs: install one, or name it: make PYTHON=/path/to/python TARGET." >&2; exit 1; }
echo "$all"
