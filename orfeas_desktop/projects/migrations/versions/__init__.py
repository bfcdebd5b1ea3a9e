"""The steps, one file each; m0001 is the first."""
