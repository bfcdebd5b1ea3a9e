"""EXPORTERS: what takes a mesh to other programs."""
