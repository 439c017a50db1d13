"""Measuring models: labels, scores with intervals, tables beside the paper's, plots."""
