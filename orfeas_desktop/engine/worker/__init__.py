"""The worker process and its keeper."""
