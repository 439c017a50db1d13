"""The language model's side of the engine: vocabulary, prompts, the network and its export."""
