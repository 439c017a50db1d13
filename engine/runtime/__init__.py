"""Running a bundle: the backend interface, its backends, and generation once above them."""
