"""Drawing by the graphics driver, through Blender's module of that name."""

import bpy  # noqa: F401  without it there is no module `gpu`
