"""Reports for people: what was removed from a page, and from a run."""
