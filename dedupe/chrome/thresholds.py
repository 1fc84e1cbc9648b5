"""The thresholds of what is the article and what is chrome.

Lengths in words count a CJK character as half a word; scores are the network's, 0 to 1. The values were tuned
on the development pages, site by site, beside the weights.
"""

from __future__ import annotations

from dataclasses import dataclass

EDGES = ("byline", "dateline", "notice")  # roles around the body that phrases tell


@dataclass(frozen=True, slots=True)
class BlockRules:
    """What several rules ask of a block."""

    body_score: float = 0.5
    """A block from this score on is the article's own; a higher value loses paragraphs."""

    sure_score: float = 0.97
    """A sure phrase of chrome removes no long block from this score on: the network knows better."""

    sure_words: float = 24.0
    """A sure phrase of chrome removes a block of so many words at most, whatever its score is."""

    short_words: float = 30.0
    """A headline, byline or dateline has so many words at most."""

    paragraph_words: float = 24.0
    """A block from so many words on is running text."""

    linked_share: float = 0.6
    """A block is a link if this share of its characters stands in links."""

    title_chars: int = 10
    """The beginning of the page's title counts as the title from so many characters on."""


@dataclass(frozen=True, slots=True)
class BodyRules:
    """Which blocks make the body."""

    dump_scores: tuple[tuple[float, float], ...] = ((40.0, 0.03), (20.0, 0.08), (12.0, 0.15), (8.0, 0.25))
    """In a dump, where only words tell, a block of (so many words) needs (this score) only; pairs from the
    longest down. A paragraph that is lost is worse than one too many."""

    faint_score: float = 0.12
    """On a page without any sure block the best paragraphs are the body from this score on."""

    faint_words: float = 12.0
    """A paragraph that is taken in that way has so many words at least."""

    least_words: float = 8.0
    """A body of fewer words is none: the best paragraphs of the page are looked for."""

    html_apart_blocks: int = 6
    """On a page with markup a stretch of the body that is so many blocks away from the rest stands apart."""

    text_apart_blocks: int = 12
    """In a dump a stretch of the body that is so many blocks away from the rest stands apart."""

    html_region_score: float = 0.7
    """On a page with markup a stretch that stands apart is kept if a block of it has this score."""

    text_region_score: float = 0.5
    """In a dump a stretch that stands apart is kept if a block of it has this score."""

    gap_blocks: int = 8
    """So many blocks between two of the body may be its own although the network doubts them."""

    gap_score: float = 0.04
    """A block in such a gap has this score at least; a lower value lets advertisements in."""

    likely_score: float = 0.3
    """A doubted block from this score on may be the article's for its place or its element alone."""

    label_words: float = 8.0
    """A block of fewer words may be a label: in a gap it stays where only class names speak against it."""

    gap_linked_share: float = 0.4
    """A block in a gap of the body has less than this share of its characters in links."""

    note_score: float = 0.7
    """A last block from this score on is no note about the author, though it begins with the name."""

    index_teasers: int = 4
    """A page of so many linked headlines and hardly a paragraph is an index, no article."""

    teaser_words: float = 3.0
    """A linked headline has so many words at least."""

    index_paragraphs_share: float = 0.25
    """A page of teasers is an index if it has no more than this share of paragraphs to each teaser."""


@dataclass(frozen=True, slots=True)
class RoleRules:
    """What the headline, the deck, byline, dateline and notice around the body look like."""

    deck_words: float = 90.0
    """A deck has so many words at most."""

    deck_least_words: float = 4.0
    """A line that looks like a deck has so many words at least."""

    deck_linked_share: float = 0.3
    """A line that looks like a deck has less than this share of its characters in links."""

    named_deck_words: float = 5.0
    """A block whose class says that it is the deck has so many words at least."""

    sentence_words: float = 6.0
    """A sentence below the headline is a deck from so many words on."""

    sentence_score: float = 0.25
    """A sentence below the headline is a deck from this score on where no class says so."""

    signed_score: float = 0.2
    """A name below the body is its author's from this score on."""

    name_words: int = 4
    """A name has so many words at most."""

    reach_blocks: int = 12
    """The headline and what stands below it are looked for in so many blocks above the body."""

    above_headline_blocks: int = 2
    """A byline or dateline may stand so many blocks above the headline."""

    headline_blocks: int = 60
    """A block that markup or the page's title tells to be the headline is looked for so many blocks up."""

    headline_below_blocks: int = 3
    """The headline is looked for in so many blocks from the body's first one on, too."""

    headline_more_words: float = 10.0
    """The headline that markup or the title tells may be so many words longer than a short line."""

    first_heading_worth: float = 2.0
    """Evidence that a main heading (h1), or the page's title, is the headline; one and more is enough."""

    second_heading_worth: float = 0.6
    """Evidence that a heading of the second level is the headline."""

    heading_worth: float = 0.2
    """Evidence that any other heading is the headline."""

    far_worth: float = 0.5
    """Evidence that is taken off a headline far above the body, below its first block, or hidden."""

    linked_worth: float = 0.7
    """Evidence that is taken off a headline that is a link or that a lexicon knows."""

    tail_blocks: int = 4
    """The rights notice is looked for in so many blocks below the body."""

    signature_lines: int = 3
    """So many lines below the body's lead may tell who wrote it, and when."""

    line_score: float = 0.9
    """A short line below the lead is the body's own from this score on, whatever its class is."""

    headline_words: float = 3.0
    """A headline has more words than this where a name may be meant."""

    author_words: float = 4.0
    """In a script without capitals a line of so many words at most may name the author."""

    doubted_score: float = 0.1
    """A line above others of its kind is rather the headline than a menu's from this score on."""

    byline_words: float = 12.0
    """A byline that a class or a weak phrase tells has so many words at most."""

    dateline_words: float = 16.0
    """A dateline that a weak phrase tells has so many words at most."""


@dataclass(frozen=True, slots=True)
class ReasonRules:
    """Which reason a removed block gets; none of these removes anything."""

    section_blocks: int = 40
    """The heading of a section is looked for in so many blocks above."""

    opener_words: float = 10.0
    """The heading of a section has so many words at most."""

    button_blocks: int = 4
    """A button of a banner stands so many blocks below its text at most."""

    label_words: float = 4.0
    """A keyword, button or label has so many words at most; a teaser has so many at least."""

    menu_words: int = 4
    """A line is a menu if it is so many short words or more."""

    menu_word_chars: int = 4
    """A word of such a menu has so many characters at most."""


@dataclass(frozen=True, slots=True)
class FeatureRules:
    """What the measurements for the model count. The weights were trained with these values: after a change
    of one they have to be trained again."""

    paragraph_words: float = 12.0
    """A block of at least so many words counts as running text, be it the article's or another's."""

    linked_share: float = 0.4
    """A block with at least this share of its characters in links counts as no running text."""

    most_words: float = 400.0
    """A block counts with so many words at most, so that one heap of words does not outweigh an article."""

    title_least_chars: int = 4
    """A block is compared with the page's title if it has at least so many characters."""

    title_factor: int = 2
    """A block is compared with the page's title if it is at most so many times as long."""

    title_spare_chars: int = 20
    """A block that is compared with the page's title may have so many characters beyond `title_factor`."""

    held_title_chars: int = 9
    """A title is looked for inside blocks if it has at least so many characters."""

    record_items: int = 3
    """A list of posts, comments or teasers has at least so many items."""

    container_share: float = 0.6
    """The page's container is the smallest element with at least this share of its running text."""

    wide_share: float = 0.9
    """The page's wide container is the smallest element with at least this share of its running text."""

    narrow_share: float = 0.35
    """The page's narrow container is the smallest element with at least this share of its running text."""

    same_container_words: float = 0.01
    """Of elements whose running text differs by no more words than that the deepest is the container."""


RULES = BlockRules()
BODY = BodyRules()
ROLES = RoleRules()
REASONS = ReasonRules()
MEASURES = FeatureRules()
