"""Small parts that every panel is put together from."""
