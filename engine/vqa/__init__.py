"""Question synthesis: question-answer pairs about films, from reports by a language model or from labels by rules.

Reads and writes texts only; films, codes and the answering model are elsewhere. Light to import.
"""
