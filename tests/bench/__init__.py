"""Figures, each as a ratio against a rival in the same run: `python -m tests.bench [NAME ...]`."""
