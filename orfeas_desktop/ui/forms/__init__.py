"""Forms drawn from Params."""
