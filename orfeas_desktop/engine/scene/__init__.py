"""Scenes: meshes with places."""
