"""Orfeas Desktop: pictures and words become 3D assets on your own machine."""

__version__ = "0.1.0"
