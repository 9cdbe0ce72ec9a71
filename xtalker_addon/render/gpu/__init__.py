"""Drawing by the graphics driver, through Blender's module of that name."""
