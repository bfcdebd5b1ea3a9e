"""Maps of one surface computed for the texture layout of another."""
