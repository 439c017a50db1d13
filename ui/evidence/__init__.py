"""What a draft rests on: its sentences with their confidence and maps, and synthetic films drawn from a text."""
