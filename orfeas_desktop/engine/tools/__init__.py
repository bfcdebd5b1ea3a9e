"""TOOLS: what changes a mesh."""
