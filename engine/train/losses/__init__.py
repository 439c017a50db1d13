"""The terms of the tokenizer's loss, one module each; their sum and weights are the trainer's."""
