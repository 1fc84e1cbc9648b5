"""The thresholds of this package: which articles are copies, and which blocks belong to a site.

Lengths in words count a CJK character as half a word. A share lies between 0 and 1. All values but those of
`CandidateRules` were tuned on generated corpora of several seeds.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CandidateRules:
    """Which pairs of articles are worth comparing. A couple is two successive sampled shingles."""

    shared_couples: int = 2
    """A pair shares at least so many couples; with one, common phrases propose pairs, with more, copies of
    a short passage are missed."""

    short_article_samples: int = 10
    """If one article of a pair has fewer samples than this, a single shared couple is enough."""

    shared_samples_share: float = 0.1
    """The shared couples number at least this share of the samples of the article with fewer; a higher value
    misses copies that were edited all over, a lower one has more pairs compared in vain."""

    neighbour_articles: int = 2
    """Where too many articles share a couple for all of them to be paired, each is paired with only so many
    of those that follow it."""

    banded_below_samples: int = 32
    """An article with fewer samples is also found by the MinHash of all its shingles; a lower value misses
    copies of short articles, a higher one costs time and memory."""


@dataclass(frozen=True, slots=True)
class CopyRules:
    """When two articles are copies of each other, and how two copies relate.

    A pair of which both sides are distinct is no copy, unless it is found to be rewritten.
    """

    shared_share: float = 0.5
    """Copies share at least this much of the article of which more is shared; a lower value joins articles
    that quote the same source, a higher one misses copies that were shortened and rewritten."""

    kept_together_share: float = 0.42
    """An article that a chain of copies connects with the one to keep stays in its cluster if they share at
    least this much of the one of which more is shared; a lower value lets clusters drift from story to
    story, a higher one tears stories apart that were edited step by step."""

    own_share: float = 0.12
    """A side of a pair is distinct if a larger share of it is text of its own, whatever edits might explain;
    a higher value merges an article with one that adds a paragraph of news, a lower one leaves edited
    copies apart."""

    stub_own_words: float = 21.0
    """A side with no more text of its own than this is not distinct for its share of own text alone if it is
    a stub, which a short teaser with a line of its own is."""

    stub_shared_share: float = 0.8
    """A side is a stub only if the other article says at least this much of it."""

    unedited_own_share: float = 0.07
    """A side is also distinct if a larger share of it is text of its own that edits do not explain, but for
    pairs of two sites; a higher value merges articles that differ by a short paragraph."""

    unedited_altered_share: float = 0.5
    """Edits do not explain text of a side's own that makes up more than this share of all its sentences
    that differ from the other article."""

    insignificant_own_words: float = 25.0
    """Text of a side's own up to this length is a caption or a line of rights: even if edits do not explain
    it, it makes no side distinct. Equal sentences alone settle that a pair is a copy only if one side has no
    more text of its own."""

    settled_own_share: float = 0.025
    """Equal sentences alone settle that a pair is a copy only if no larger share of one side is text of its
    own; a higher value saves time, but calls pairs copies that a comparison of their words would keep
    apart."""

    rewritten_similarity_share: float = 0.45
    """Articles that are known to be of two sites are copies from this Jaccard similarity on, whatever else
    each of them says, unless their numbers tell of different things; a lower value merges separate reports
    of one event."""

    passage_own_words: float = 20.0
    """An article with a block that holds more text of its own than this has a passage of its own: it is kept
    beside the article that it is a copy of, and a higher value loses such passages."""

    near_share: float = 0.8
    """Two copies are "near", not part and whole, if each says at least this share of the other, or if the
    smaller of these two shares is at least this part of the larger one."""

    sampled_least_samples: int = 8
    """Samples settle that two articles differ only if, on each side, at least so many lie outside the equal
    sentences; with fewer, chance decides and the words are compared."""

    sampled_agreeing_share: float = 0.12
    """Samples settle that two articles differ only if less than this share of those outside the equal
    sentences agrees on each side; a higher value saves time, but loses copies that are edited all over."""

    main_article_share: float = 0.7
    """A page of which a copy makes up at least this share is about nothing else; a page of which it makes up
    less may hold several articles. A higher value takes articles with an addition for such pages."""

    same_story_passage_share: float = 0.3
    """Two articles that a page holds are one story if what the page shares with one overlaps what it shares
    with the other in at least this share of the smaller; a higher value takes a page with two versions of one
    story for a page of several articles."""

    telling_sentence_words: float = 4.0
    """Sentences of at least this length tell which passage of a page an article shares; shorter ones stand
    in many places."""


@dataclass(frozen=True, slots=True)
class SideRules:
    """What one side of a pair of articles says that the other one does not, sentence by sentence.

    The unshared share of a sentence is that of its length which lies in no passage that the other side has.
    Its own sentences are those that are mostly unshared.
    """

    own_unshared_share: float = 0.5
    """A sentence is a side's own if at least this share of it is unshared; a higher value takes new
    sentences for edited ones and merges distinct articles."""

    own_sentence_words: float = 3.0
    """A shorter sentence does not count as a side's own text: it is a label or a remnant of splitting."""

    anchor_words: float = 6.0
    """The head of an article (headline, byline, dateline) ends with the first shared sentence of at least
    this length."""

    anchor_unshared_share: float = 0.34
    """A sentence ends the head only if less than this share of it is unshared."""

    head_own_words: float = 30.0
    """A head may hold this much unshared text; what is more counts as text of the article's own."""

    head_own_share: float = 0.15
    """A head may also hold unshared text up to this share of the article, so that a rewritten lead of a long
    article makes no difference."""

    altered_unshared_share: float = 0.04
    """A sentence with a larger unshared share counts as one that differs from the other article."""

    data_line_unshared_share: float = 0.12
    """A sentence that differs above all in its numbers is a side's own from this unshared share on; a lower
    value takes a corrected figure for another report."""

    data_line_changed_share: float = 1 / 3
    """A sentence differs above all in its numbers only if these are at least this share of its unshared
    words."""

    data_line_numbers_share: float = 0.5
    """A sentence differs above all in its numbers only if at least this share of all its numbers is
    unshared."""

    replaced_unshared_share: float = 0.75
    """A sentence from this unshared share on is another sentence rather than an edited one: its numbers are
    not compared as those of the same form filled in anew."""

    changed_figures_numbers: int = 7
    """Unshared numbers in edited sentences, or those in own sentences, tell that a side reports something
    else only if there are at least so many; a lower value parts a story from its own corrected version."""

    changed_figures_share: float = 0.4
    """A side reports something else in the same form if numbers make up more than this share of the unshared
    words of its edited sentences."""

    own_figures_share: float = 0.15
    """A side reports something else in lines of data if the numbers of its own sentences reach this share of
    the unshared length of those which hold numbers."""

    news_numbers: float = 3.5
    """A side reports something else if the numbers that the other side does not say count at least this much
    and are a large share of all its numbers; a lower value parts a story from its own updates."""

    news_numbers_share: float = 0.2
    """Numbers that the other side does not say tell of another report only from this share of all the side's
    numbers on."""

    news_unsaid_share: float = 0.08
    """Numbers that the other side does not say tell of another report only if they reach this share of the
    side's unshared length; else the side has much new text that happens to hold numbers."""

    few_news_numbers: float = 2.0
    """Fewer numbers than `news_numbers` tell of another report as well if they count at least this much, are
    most of the side's numbers, and much of the side is unshared."""

    few_news_numbers_share: float = 0.6
    """Few numbers tell of another report only from this share of all the side's numbers on."""

    few_news_unsaid_share: float = 0.2
    """Few numbers tell of another report only if at least this share of the side's length is unshared."""

    aside_weight: float = 0.5
    """A number before a unit of date or time counts this much instead of 1 where numbers tell of another
    report, as does one in a sentence without a shared word, which may be a counter of clicks."""

    date_line_words: float = 12.0
    """A sentence with a year and no more words than this is the date of something: its numbers are no figures
    that could differ between reports."""


@dataclass(frozen=True, slots=True)
class TemplateRules:
    """Which blocks belong to a site rather than to its articles, and which of them one page keeps.

    Versions of one story count as one article. A passage is a block of at least `passage_words`.
    """

    repeating_articles: int = 4
    """A block belongs to its site only if it stands in at least so many different articles, and one page
    keeps a passage if fewer articles with a story of their own hold it; a lower value loses what some
    articles quote."""

    root_divisor: float = 3.0
    """On large sites a block must stand in at least as many articles as the square root of their number
    divided by this."""

    short_block_words: float = 4.0
    """A shorter block must stand in a larger part of the site's articles (`short_block_articles_share`), as
    the same few words may begin or end many stories."""

    short_block_articles_share: float = 0.3
    """A short block belongs to its site only if it stands in at least this share of the site's articles."""

    passage_words: float = 10.0
    """A block from this length on may be a paragraph of a story, a shorter one is a line."""

    paragraph_words: float = 24.0
    """A repeated block from this length on that mostly stands between two passages of an article's own is a
    paragraph, which one page keeps; a higher value loses short ones."""

    order_reach_blocks: int = 4
    """Of the repeated blocks of a page each is compared, for their order, with so many that follow it."""

    woven_ratio: float = 0.6
    """Two repeated blocks in one order everywhere are of versions of one story if, for each page with other
    text between them, there are at least so many without; a lower value takes a site's blocks for a
    story."""

    told_else_passages: int = 2
    """Two pages that share at least so many further passages, which are not the site's own, tell one story; a
    lower value takes pages with one quotation in common for versions of a story."""

    telling_ratio: float = 1.75
    """An article has a story of its own if what only it says is at least so many times as long as what it
    shares with others; one page keeps a passage of which too few such articles hold a copy."""

    telling_words: float = 110.0
    """An article has a story of its own only if what only it says is at least this long: less may be what is
    new in a version of a short story."""


CANDIDATE_RULES = CandidateRules()
COPY_RULES = CopyRules()
SIDE_RULES = SideRules()
TEMPLATE_RULES = TemplateRules()
