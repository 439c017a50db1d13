"""Building what a runtime runs: graphs written tensor by tensor, quantised, checked, kept under a key."""
