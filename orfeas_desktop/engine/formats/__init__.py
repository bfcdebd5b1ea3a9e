"""File formats that several entries read or write."""
