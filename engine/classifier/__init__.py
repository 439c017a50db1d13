"""Film classifiers: for the feature loss, the judge, the supervised reference and the guard in the bundle."""
