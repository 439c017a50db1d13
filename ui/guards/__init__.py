"""Guards on the screen: what speaks against a signature, why, where, and the reason for setting it aside."""
