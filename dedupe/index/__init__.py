"""An index that remembers articles between runs."""
