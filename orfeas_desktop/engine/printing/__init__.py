"""What a printer needs of a mesh, and how it is measured."""
