"""Passages that stand more than once on a page, and which copy stays."""
