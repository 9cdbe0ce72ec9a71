"""After an import the heads are there to be seen: framed in the views, and not inside Blender's start-up cube."""

import bpy

from ..blender.adaption import startup_cube


def hide_startup_cube(scene: bpy.types.Scene) -> bool:
    """Hide the two-metre cube of a new file, which stands around the head, where nobody has touched it."""
    cube = startup_cube(scene)
    if cube is None or cube.hide_render:
        return False
    cube.hide_set(True)
    cube.hide_render = True
    return True


def frame(context: bpy.types.Context, items: list[bpy.types.Object]) -> None:
    """Let every 3D view of the window show `items` from the front, unless it looks through a camera."""
    selected = list(context.selected_objects)
    for item in items:
        item.select_set(True)
    for area in context.screen.areas if context.screen else ():
        if area.type == "VIEW_3D" and area.spaces.active.region_3d.view_perspective != "CAMERA":
            region = next(region for region in area.regions if region.type == "WINDOW")
            with context.temp_override(area=area, region=region):
                bpy.ops.view3d.view_axis(type="FRONT")
                bpy.ops.view3d.view_selected()
    for item in items:
        item.select_set(item in selected)


def is_untouched(scene: bpy.types.Scene) -> bool:
    """Whether nobody has worked in the file: it was never saved and holds no more than a new one."""
    return not bpy.data.filepath and {item.name for item in scene.objects} <= {"Cube", "Light", "Camera"}


def show_looks(context: bpy.types.Context, shading: str) -> None:
    """Let 3D views in Solid, in which every head is grey, show the heads' looks; shading: one of `VIEWPORTS`."""
    if shading == "KEEP":
        return
    if shading == "REVIEW":
        context.scene.render.engine = "XTALKER_REVIEW"
    for area in context.screen.areas if context.screen else ():
        if area.type == "VIEW_3D" and area.spaces.active.shading.type == "SOLID":
            area.spaces.active.shading.type = "RENDERED" if shading == "REVIEW" else "MATERIAL"
