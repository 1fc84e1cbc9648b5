"""Deduplication of many files: plan, clean, compare, finish."""
