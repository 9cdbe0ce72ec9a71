#!/usr/bin/env bash
# Guess: `node.inputs[0]` of a node with one visible input is that input, as it was in the release before; a link that
#     Blender makes without an error counts.
# Really: in Blender 5.3 the shader nodes Vector Transform and Attribute have a hidden first input, LightIndex. A link made
#     by place goes to it: no error, `is_valid` is False, and the visible input keeps its default, so that a material
#     turns one flat colour. By name it goes where it should. In 5.2 both ways are the same.
# Versions: bpy 5.2.3 and 5.3.0, Python 3.13, Linux x86_64.
# Source: measured; not in the release notes that were read.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3.13}

for release in bpy==5.2.3 bpy==5.3.0; do
    "$python" -m venv --clear "$work/venv"
    "$work/venv/bin/python" -m pip install --quiet "$release"
    "$work/venv/bin/python" - "$release" <<'PY' 2>/dev/null | grep -v color_management
import sys

import bpy

tree = bpy.data.node_groups.new("Tree", "ShaderNodeTree")


def link(socket: object) -> bool:
    node, value = tree.nodes.new("ShaderNodeVectorTransform"), tree.nodes.new("ShaderNodeCombineXYZ")
    made = tree.links.new(value.outputs["Vector"], node.inputs[socket])
    return made.is_valid


by_place, by_name = link(0), link("Vector")
inputs = [socket.name for socket in tree.nodes.new("ShaderNodeVectorTransform").inputs]
print(f"{sys.argv[1]}: inputs {inputs}; link by place valid: {by_place}, by name: {by_name}")
assert by_name
assert by_place == (sys.argv[1] == "bpy==5.2.3")
PY
done
