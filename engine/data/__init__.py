"""Films and texts for training: the manifest reader, template sentences, questions, film caches."""
