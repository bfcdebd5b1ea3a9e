"""Off-screen pictures of meshes."""
