"""The kinds of contexts, and what keeps their engines."""
