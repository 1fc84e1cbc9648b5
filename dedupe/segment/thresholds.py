"""What decides where a block begins and ends. Widths are in columns, of which a CJK character takes two."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WrapRules:
    """When lines of a dump are one that was wrapped at a width.

    A break counts for a width if a sentence seems to run over it, and the next line's first word would not
    have fitted within the width. Lower values mostly join lines that are paragraphs, verses or items of their
    own; higher ones mostly leave a paragraph in several blocks, which is the smaller error.
    """

    narrowest_columns: int = 20
    """Wrapping at a narrower width than this is not looked for, as in such lines any width explains many
    breaks."""

    widest_columns: int = 162
    """Wrapping at a greater width is not looked for, and a paragraph with a longer line is not a lone wrapped
    one."""

    line_chars: int = 10
    """A line must have so many characters before the break behind it counts: no full line is shorter."""

    word_columns: int = 40
    """A break whose next word is longer than this says nothing of the width, since too many widths explain
    it."""

    cjk_slack_columns: int = 4
    """A line of CJK may fall short of the width by this, since no line begins with a comma or a closing
    bracket."""

    breaks: int = 4
    """A dump is wrapped at a width, or its words are cut at one, only if at least so many breaks speak for
    it."""

    breaks_share: float = 0.6
    """A dump is wrapped at a width only if it explains this share of the breaks inside sentences."""

    agreed_breaks: int = 2
    """So few breaks are enough for a width if it explains all of them and is known to within the slack of
    CJK."""

    better_ratio: float = 1.05
    """A second way of measuring lines is taken if it explains this many times as many breaks: less is
    chance."""

    prose_columns: int = 56
    """Full lines of this mean width need no proof that they are no list or verse; nor does a lone CJK
    paragraph."""

    narrow_breaks: int = 6
    """Lines narrower than prose need so many breaks that speak for their width, unless all breaks agree on
    it."""

    narrow_breaks_share: float = 0.8
    """Lines narrower than prose are wrapped only if their width explains this share of the breaks."""

    narrow_ends_share: float = 0.1
    """Lines narrower than prose are wrapped only if sentences end inside them, so many to a break for the
    width; verse has few."""

    cut_share: float = 0.9
    """Words are cut at a width if this share of the lines before Latin words have exactly that many
    characters."""

    nearly_cut_share: float = 0.6
    """Words may be cut at a width if this share of the lines before Latin words have it or lack a space of
    it."""

    html2text_chars: int = 78
    """The width at which the program html2text wraps: it breaks at spaces only and counts characters."""

    paragraph_lines: int = 40
    """More lines than this without a blank one are no single paragraph if some are not full; they are cut at
    ends of sentences then."""

    lone_lines: int = 3
    """A paragraph that is the only wrapped one of its dump must have so many lines to prove a width of its
    own."""

    lone_columns: int = 60
    """A paragraph without CJK that is the only wrapped one must reach so far; shorter lines may be verse."""

    lone_running_share: float = 0.6
    """A paragraph that is the only wrapped one must have this share of its breaks inside sentences; all of
    two."""

    running_chars: int = 40
    """Where inline elements stand on lines of their own, text must be so long before the next line may go on
    with its sentence, and twice as long if only the line after that one tells so."""

    inserted_chars: int = 60
    """A line with a capital that stands inside a sentence, as a name in a link does, is at most so long."""


@dataclass(frozen=True, slots=True)
class TableRules:
    """When cells side by side are a table of data, and not columns of text or the layout of a page."""

    layout_cell_chars: int = 240
    """A table with a longer cell than this is layout, in HTML as in dumps, and its cells are blocks of their
    own; a higher value puts whole articles into a table, a lower one tears up tables with long notes."""

    sentence_cell_chars: int = 100
    """A cell of a dump that ends as a sentence does is layout if it is longer than this."""

    lines_per_row: float = 1.5
    """Lines without cells belong to the table that they stand in if it has at most so many lines to a row."""

    column_cell_chars: int = 60
    """Text set in columns that holds a longer piece than this between two gaps is no table."""

    filled_cells_share: float = 0.7
    """Text set in columns is a table only if this share of its cells hold something."""

    gutter_lines: int = 3
    """White space between two columns must show in so many lines; fewer have it there by chance."""

    gutter_gap_lines: int = 30
    """White space between two columns ends where more lines than this have passed since the last one that
    shows it."""

    gutter_span_share: float = 0.8
    """White space belongs to the columns of a region if it runs along this share of its height."""


@dataclass(frozen=True, slots=True)
class TextRules:
    """What a dump is written in, and which of its lines are code, quotations and headings."""

    numbered_lines: int = 6
    """So many lines that each begin with a higher number have line numbers, which go; fewer may be a list."""

    numbers_per_line: int = 3
    """Numbers before lines may count up to so many to a line, since blank lines that they count may be
    gone."""

    quoted_lines: int = 2
    """A dump of so many lines that all begin with ">" is quoted as a whole; a single one may begin with an
    arrow."""

    markdown_marks: int = 2
    """A dump with so many unmistakable marks of Markdown is read as Markdown; a lower value reads plain text
    so."""

    soft_breaks: int = 2
    """So many line breaks behind two spaces show that the dump marks its true line breaks in that way."""

    link_lines_share: float = 0.05
    """Marked line breaks are believed only where more links than this share of the lines show a program's
    Markdown."""

    torn_lines: int = 2
    """So many lines that begin with what only follows a word show that inline elements stand on lines of
    their own."""

    emphasis_signs: int = 3
    """Stars or underscores are emphasis only up to so many in a row; more of them are a line or a gap to fill
    in."""

    code_lines: int = 3
    """A paragraph is looked at for code only from so many lines on, as any text may have a line that looks
    like code."""

    code_misses_share: float = 0.4
    """A paragraph is code if at most this share of its lines could be text; a higher value takes text full of
    signs for code."""

    running_code_chars: int = 100
    """Indented lines are text, not code, if at least half of them are longer than this."""

    lone_quote_chars: int = 60
    """A single line behind ">" is a quotation in a dump without Markdown only if it is so long; shorter ones
    may be links."""

    underlined_chars: int = 120
    """A longer line than this is no heading, whatever stands below it."""

    underline_least_share: float = 0.6
    """Dashes below a line make it a heading only if they reach further than this share of its width."""

    underline_most_share: float = 1.5
    """Dashes below a line divide the page, and make no heading, from this many times the width of the line
    on."""


@dataclass(frozen=True, slots=True)
class MarkupRules:
    """What is HTML, and what of it is text although its elements do not say so."""

    closing_tags: int = 3
    """A text that does not begin as a page does is HTML only with so many closing tags; text that speaks of
    HTML has fewer."""

    tags_share: float = 0.2
    """A text that does not begin as a page does is HTML only if this share of its characters belong to
    tags."""

    stacked_spans: int = 4
    """So many spans in one element, each on its own line of the source, may be paragraphs; a lower value
    tears up sentences."""

    span_chars: int = 24
    """Spans on lines of their own are paragraphs only if they have so many characters on average."""

    prose_chars: int = 400
    """Preformatted text is read as a dump only if it is longer than this; shorter text stays as it is."""

    prose_letters_share: float = 0.9
    """Preformatted text is read as a dump only if more than this share is letters and spaces; code has more
    signs."""

    prose_line_chars: int = 25
    """Preformatted text is read as a dump only if its lines are longer than this on average; verse is
    shorter."""

    copy_chars: int = 200
    """A textarea or the body in JSON-LD must have so many characters to be looked at as a copy of the
    article."""

    copy_probes: int = 8
    """The body in JSON-LD is a copy of what the page shows if half of about so many pieces of it stand
    there."""

    probe_chars: int = 12
    """So long are the pieces of a body in JSON-LD that are looked for: shorter ones stand in any text, longer
    ones hold differences."""

    probe_margin_chars: int = 16
    """The pieces of a body in JSON-LD are spread over its length less this."""


WRAP_RULES = WrapRules()
TABLE_RULES = TableRules()
TEXT_RULES = TextRules()
MARKUP_RULES = MarkupRules()
