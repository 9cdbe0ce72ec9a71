"""A Sequence and a FlameModel become ordinary Blender data."""
