"""Tests of XTalker."""
