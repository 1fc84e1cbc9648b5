"""What decides which charset the bytes of a page are in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DecodeRules:
    """How sure the evidence for a charset must be.

    Bits are what the characters beyond ASCII cost in the letter tables: the fewer, the likelier the charset.
    """

    controls_share: float = 0.04
    """More control characters than this share are binary data: random bytes have 10 %, no page of the corpus
    has a single one in its first 4 KB."""

    controls_bytes: int = 2
    """So few control characters are an accident, however short the text."""

    wide_share: float = 0.5
    """Bytes with controls are UTF-16 or UTF-32 if this share of their units is text; a lower value reads
    binary data as text."""

    wide_blocks: int = 4
    """The letters of one text stand in at most so many blocks of 256 code points; those in more say nothing
    for UTF-16 or UTF-32."""

    escaped_chars_per_broken: int = 2
    """Escape sequences of a 7-bit charset are believed if they give so many characters to a broken one."""

    hz_han_chars: int = 2
    """Text between the marks of HZ must hold so many frequent Han characters, as the source of programs has
    such marks too."""

    hz_han_share: float = 0.4
    """Text between the marks of HZ must hold this share of frequent Han characters."""

    utf8_chars: int = 4
    """A page with broken or cut bytes is UTF-8 only with so many well-formed characters beyond ASCII: two or
    three come about by chance in other charsets."""

    utf8_chars_per_broken: int = 2
    """A page with broken bytes is UTF-8 only with so many well-formed characters to a broken one; in other
    charsets there are at most 1.2."""

    chance_bytes: int = 8
    """Well-formed UTF-8 with at most so many bytes beyond one to a character is compared with the declared
    charset, of which a character or two can look like it."""

    plausible_bits: float = 5.4
    """Text of other than Latin letters is plausible if a byte beyond ASCII costs at most so many bits: on the
    corpus right readings cost 3.4 to 5.4 (some Big5 pages up to 6), the nearest wrong one 5.5."""

    plausible_latin_bits: float = 3.5
    """Text of Latin letters is plausible if a byte beyond ASCII costs at most so many bits: on the corpus
    right readings cost 0.9 to 3.5, the nearest wrong one 3.6; punctuation alone costs more, and such a page
    just takes the long way."""

    doubtful_bits: float = 8.0
    """No candidate fits if a byte beyond ASCII costs more bits than this; rare charsets are tried then, and
    the answer is called a guess."""

    enough_bytes: int = 16
    """Fewer bytes beyond ASCII than this say nothing about how well a charset fits."""

    shortlist_ratio: float = 1.4
    """Candidates that cost more than so many times the bits of the cheapest one in a first part of the page
    are left out; a lower value saves time and may lose the right one."""

    declared_bits: float = 16.0
    """What a declaration is worth against detection: a higher value believes more wrong declarations."""

    rare_bits: float = 16.0
    """By so many bits a charset of other times must be better than the usual ones."""

    half_char_bits: float = 10.0
    """What half a character at the end of a sample costs: the page is cut there, or has the last letter of
    another charset."""

    words_bits: float = 10.0
    """Frequent words of a language speak for it with one bit each, at most so many; more would outweigh all
    letters of a long page."""


RULES = DecodeRules()
