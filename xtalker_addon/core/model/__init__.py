"""Face models: their files, FLAME's equations, normals, skin and wrinkles."""
