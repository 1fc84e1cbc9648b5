"""The thresholds of the search for repeats within one page, and of the choice between copies.

Lengths in words count a CJK character as half a word. The values were tuned on generated pages of several
seeds and on real pages that hold their article twice.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MatchRules:
    """Which tokens of a page match, which matches belong together, and what they cover."""

    seed_tokens: int = 5
    """A match needs so many equal tokens in a row; more of them miss copies that were edited often."""

    cjk_seed_tokens: int = 8
    """A match needs so many equal tokens in a row on a CJK page, where a token is a single character."""

    cjk_share: float = 0.3
    """A page is a CJK page if more than this share of its tokens are CJK characters."""

    refrain_places: int = 4
    """A line that stands in so many places is a refrain or a label; a lower value leaves copies in."""

    teaser_end_chars: int = 100
    """The ellipsis of a cut teaser stands within so many characters before the end of its block."""

    teaser_end_words: int = 4
    """So many words at most ("Read the whole story") stand behind the ellipsis of a cut teaser."""

    teaser_word_chars: int = 20
    """A word behind the ellipsis of a cut teaser has so many characters at most."""

    gap_cost_tokens: float = 0.01
    """A chain of matches loses so much of a token for each token that it leaps over on either side."""

    shift_cost_tokens: float = 0.005
    """A chain of matches loses so much of a token for each token by which its gaps on both sides differ."""

    chain_gap_tokens: int = 1500
    """A gap between two matches of one chain holds so many tokens at most on either side."""

    covered_share: float = 0.6
    """A sentence or match is covered if this share of it stands elsewhere too; a lower value loses sentences
    with words of their own."""

    own_sentence_share: float = 0.34
    """A sentence of which less than this share stands elsewhere is its block's own, and keeps that block."""

    covered_block_share: float = 0.8
    """A block is covered if this share of it stands elsewhere too, and no sentence of it is its own."""

    edit_gap_tokens: int = 12
    """Up to so many tokens between two matches are an edit of the passage; more of them are new text."""

    edit_shift_tokens: int = 3
    """The two sides of an edit differ in length by so many tokens at most."""

    number_gap_tokens: int = 60
    """The numbers on both sides are compared across gaps between two matches of up to so many tokens."""

    loose_end_words: float = 3.0
    """A sentence of up to so many words ("Read more") need not be covered: it goes with its neighbours."""

    reach_blocks: int = 3
    """A passage goes on across so many blocks at most that stand between its pieces or beyond its end."""

    rewritten_share: float = 0.6
    """Two blocks are one text rewritten if they have this share of words in common, in order."""

    rewritten_blocks: int = 2
    """So many pairs of rewritten blocks in the same order are a copy; a lone pair may be alike by chance."""

    candidate_share: float = 0.2
    """A block may be rewritten elsewhere only if this share of its word pairs stands elsewhere too."""

    signature_bands: int = 24
    """A block's signature has so many bands, one of which must be equal for two blocks to be compared."""

    signature_band_rows: int = 2
    """A band holds so many hashes; with 2 of them in 24 bands nearly all pairs with a Jaccard index of .3 are
    compared, with more of them fewer pairs."""


MATCHING = MatchRules()


@dataclass(frozen=True, slots=True)
class RepeatRules:
    """When matches in a row are a repeat, rather than a refrain, a label, steps of a list or a quotation."""

    least_words: float = 8.0
    """Matches with fewer words in all are no repeat, whatever stands around them."""

    long_block_words: float = 25.0
    """A block of so many words may be a repeat by itself; a shorter one may be a label or a list's entry."""

    middle_block_words: float = 9.0
    """Several blocks are a repeat together only if one has so many words; fewer words of a block do not split
    it."""

    middle_run_words: float = 28.0
    """Several blocks of which none is long have so many words in all if they are a repeat."""

    long_run_words: float = 150.0
    """A repeat whose blocks have so many words may hold many edits."""

    several_blocks: int = 3
    """A repeat of so many blocks may hold many edits before it is long."""

    several_blocks_words: float = 60.0
    """A repeat of several blocks may hold many edits only if these have so many words in all."""

    passage_words: float = 60.0
    """An equal stretch of so many words is a passage of its own, although it stands inside bigger blocks or
    inside another copy; a lower value takes quotations and refrains for copies."""

    passage_sentences: int = 4
    """A stretch inside bigger blocks is a repeat only if it has so many sentences: less is a quotation."""

    long_run_equal_share: float = 0.75
    """A repeat that may hold many edits has this share of equal tokens at least."""

    equal_share: float = 0.95
    """A repeat that may hold few edits has this share of equal tokens at least, in each of its blocks too."""

    rest_words: float = 2.0
    """So many words of its own are no matter in a block that is a repeat, however short it is."""

    equal_block_words: float = 12.0
    """A block of so many words is no label: it is a repeat if an equal block stands far away."""

    near_equal_block_words: float = 17.0
    """A block of so many words is a repeat if an equal block stands anywhere, even in the same list."""

    series_blocks: int = 8
    """Equal blocks that stand up to so many blocks apart may be steps of one list or lines of one poem."""

    lead_words: float = 12.0
    """Openings of longer blocks are a repeat if one of them, or all in a row, have so many words."""

    cut_lead_words: float = 3.0
    """An opening that is cut off in an ellipsis is a repeat if it has so many words before that."""

    lead_sentences: int = 3
    """A list of leads holds the first sentences of blocks: of each one sentence, or up to so many."""

    lead_list_words: float = 6.0
    """Two openings or more, listed in the order of their blocks, are a repeat if they have so many words."""

    quoted_share: float = 0.8
    """Matches are a quotation if more than this share of them is quoted on one side only; a lower value
    leaves copies in that hold a quotation."""

    pull_quote_elements: int = 2
    """A pull quote stands in a box of so many elements at most beside the paragraph that it repeats."""

    form_lines: int = 3
    """So many lines with other numbers may make a long repeat two lists of one form, which both stay."""

    form_line_share: float = 0.25
    """Two lists of one form have so many lines with other numbers for each block that is equal."""

    scattered_times: float = 4.0
    """Matches spread on both sides over more than so many times their own length are no repeat."""


RULES = RepeatRules()


@dataclass(frozen=True, slots=True)
class ChooseRules:
    """Which copy of a passage stays."""

    tie_words: float = 3.0
    """A copy is fuller than the other only if it has more than so many words more."""

    hidden_fuller_times: float = 1.2
    """A copy that is not shown stays only if it is more than so many times as full as the shown one."""

    better_score: float = 0.25
    """A copy reads better only if its article score is higher by more than this; else the first one stays."""

    headline_blocks: int = 8
    """The page's main heading stands up to so many blocks above a copy that it heads."""

    gap_blocks: int = 6
    """Up to so many blocks between two of a copy that goes are a part of it, and are read where the other
    copy stands; in a longer copy as many as it has blocks on either side of them."""

    strange_share: float = 0.5
    """A copy goes if more than this share of its words is known not to be the article's there."""

    neighbour_blocks: int = 2
    """So many blocks above and below a copy tell whether it stands in the article or among teasers."""

    text_words: float = 12.0
    """A block of so many words is text; a shorter one may be a headline, a byline, a menu entry, a label."""

    paragraph_words: float = 24.0
    """A block of so many words is a paragraph; a lower value takes teasers and captions for paragraphs."""

    own_block_words: float = 6.0
    """A block that only one copy has makes it fuller if it has so many words."""

    own_block_score: float = 0.5
    """A block that only one copy has makes it fuller if its article score is as high as this."""


CHOOSING = ChooseRules()
