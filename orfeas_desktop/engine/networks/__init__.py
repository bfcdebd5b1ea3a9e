"""Networks: re-implementations in the single-file form of diffusers."""
