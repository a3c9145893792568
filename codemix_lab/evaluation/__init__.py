"""Scoring: features and probes, predictions and their metrics, perplexity, and curves over λ."""
