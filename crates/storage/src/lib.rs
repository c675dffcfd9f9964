//! Arrays in files.
