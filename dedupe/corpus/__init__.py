"""Copies across pages: signatures, candidates, evidence, clusters."""
