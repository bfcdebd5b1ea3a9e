"""CHORES: what the program itself needs done."""
