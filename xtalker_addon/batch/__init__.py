"""Many sequences: plan, render, record, review."""
