"""LAYOUTS: what arranges several meshes."""
