"""What is in the store -> files for others."""
