//! Engines: local arrays, commands, the executor, sessions.
