"""One page cleaned: read, segmented, reduced to one copy, judged, put together."""
