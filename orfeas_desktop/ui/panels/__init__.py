"""The panels of the window: each shows records and emits what the user wants."""
