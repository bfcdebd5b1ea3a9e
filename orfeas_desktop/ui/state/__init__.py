"""What is open and chosen now."""
