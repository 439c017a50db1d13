"""Signing, rejecting, and who sits here: log-in, lock, and the proof before a signature."""
