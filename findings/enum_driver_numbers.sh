#!/usr/bin/env bash
# Guess: a driver of a menu property takes the place of the item in the menu: for how a camera's background image fills the
#     frame (Stretch, Fit, Crop) that is 0, 1, 2; and a number that stands for no item makes the driver invalid.
# Really: it takes the number that Blender keeps inside, here 0, 32 and 96. 1 and 2 stand for no item, and without any error
#     the image is stretched: the driver stays valid, the shown value is the first item's.
# Versions: bpy 5.2.3, Python 3.13, Linux x86_64.
# Source: measured; the numbers are those of `enum_items[...].value`.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3.13}" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet bpy==5.2.3
"$work/venv/bin/python" - <<'PY' 2>/dev/null
import bpy

camera = bpy.data.cameras.new("camera")
image = camera.background_images.new()
items = {item.identifier: item.value for item in image.bl_rna.properties["frame_method"].enum_items}
print("items and their numbers:", items)
bpy.context.scene.collection.objects.link(bpy.data.objects.new("camera", camera))
driver = camera.driver_add("background_images[0].frame_method").driver
shown = {}
for number in (0, 1, 2, 32, 96):
    driver.expression = str(number)
    bpy.context.view_layer.update()
    shown[number] = image.frame_method
    print(f"driven by {number}: {image.frame_method}, driver valid: {driver.is_valid}")
    assert driver.is_valid
assert items == {"STRETCH": 0, "FIT": 32, "CROP": 96}, "the numbers have changed"
assert shown == {0: "STRETCH", 1: "STRETCH", 2: "STRETCH", 32: "FIT", 96: "CROP"}, "drivers read menus in another way"
PY
