"""Scores and lengths that several rules of chrome share. Units are words, a CJK character counts half."""

from __future__ import annotations

BODY = 0.5  # a block from that score on is the article's own
SURE_BODY = 0.97  # a sure phrase removes no block that the model is that sure of,
SURE_UNITS = 24.0  # … unless it is that short
SHORT = 30.0  # units: longer blocks are no headline, byline or dateline
PARAGRAPH = 24.0  # units from which a block is surely running text
LINKED = 0.6  # share of characters in links from which a block is a link
EDGES = ("byline", "dateline", "notice")  # those that phrases tell
