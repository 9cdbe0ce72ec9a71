"""The review engine as one of Blender's engines: a Blender scene in its picture."""
