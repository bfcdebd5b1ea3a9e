"""The engine: takes requests, keeps them in order, has them worked in other processes."""
