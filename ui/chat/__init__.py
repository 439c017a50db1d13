"""Questions about the film and the model's answers."""
