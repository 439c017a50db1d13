"""Training of tokenizer and language model; the runtime imports nothing from here."""
