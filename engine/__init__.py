"""LLM-CXR: image tokenizer, language model, runtimes, training and evaluation.

Importing the package loads nothing heavy; torch is needed for training, export and the reference backend
only.
"""
