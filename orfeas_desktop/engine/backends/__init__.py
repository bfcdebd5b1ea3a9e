"""BACKENDS: what makes meshes, pictures and textures."""
