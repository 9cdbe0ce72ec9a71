"""A rasteriser of our own, for machines without a graphics card: C in shared libraries, called by ctypes."""
