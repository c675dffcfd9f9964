//! How engines talk: bytes between ranks.
