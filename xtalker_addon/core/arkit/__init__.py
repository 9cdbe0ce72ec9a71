"""ARKit's 52 units of a face: into the codes of a model that has them, and out of the codes of any model."""
