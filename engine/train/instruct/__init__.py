"""Two-stage instruction tuning of the language model on films, reports, questions and plain text."""
