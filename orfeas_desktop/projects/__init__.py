"""The library: projects, assets and versions in one SQLite file and blobs named by digest."""
