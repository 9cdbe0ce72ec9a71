"""From sequences and Blender data to pictures and video."""
