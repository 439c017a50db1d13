"""The image tokenizer: a VQ-GAN of the taming shape, and its loss and codebook care."""
