"""Scripts for use with the package."""
