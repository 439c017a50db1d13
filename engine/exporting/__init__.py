"""From trained networks to a bundle that the workstation runs."""
