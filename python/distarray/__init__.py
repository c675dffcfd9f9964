"""NumPy-like distributed arrays: think globally, act locally."""
