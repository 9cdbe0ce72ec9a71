"""What an import makes, in a Blender without a window."""
