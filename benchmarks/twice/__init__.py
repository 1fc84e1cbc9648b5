"""Article-twice: a benchmark of what stands more than once, inside pages and across pages.

Existing benchmarks of article extraction ask whether an article's text is in the output; none asks
whether it is there *once*. This one plants repeats of known kinds into generated pages and counts what a
cleaner leaves, loses and explains. It needs nothing but the standard library, its texts are made from the
word lists of `words.toml` (seven languages), and a seed gives the same pages everywhere.

`language` speaks, `story` holds what a page says, `plant` makes pages that say it twice, `across` makes
collections of pages, `score` judges answers.
"""
