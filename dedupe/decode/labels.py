"""The names of charsets: what the labels of pages stand for."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Labels of pages → codec, where Python has another one for the label or none. A charset stands for those
#: it contains, as in the WHATWG's Encoding Standard, which browsers and so page authors follow.
_LABELS: Mapping[str, str] = {
    label: codec
    for codec, labels in {
        "utf-8": "utf8 utf-8-sig unicode-1-1-utf-8 x-unicode20utf8 utf8mb4 utf-8-mac",
        "utf-16": "unicode ucs-2 iso-10646-ucs-2 csunicode utf16",
        "gb18030": "gb2312 gb-2312 gb-2312-80 gb2312-80 gb2312-1980 gbk x-gbk gb18030 chinese"
        " gb18030-2000 euc-cn eucgb2312-cn csgb2312 csiso58gb231280 iso-ir-58 cp936 936 ms936 windows-936",
        "hz": "hz hzgb hz-gb hz-gb-2312",
        "big5": "big5 big5-tw big5-eten big5-hkscs big5hkscs cn-big5 csbig5 x-x-big5 x-big5 cp950 950 ms950"
        " windows-950",
        "cp932": "shift-jis shiftjis sjis s-jis x-sjis csshiftjis ms-kanji ms932 932 windows-31j"
        " windows-932 x-ms-cp932",
        "euc-jp": "euc-jp eucjp ujis u-jis x-euc-jp x-euc cseucpkdfmtjapanese",
        "iso-2022-jp-ext": "iso-2022-jp csiso2022jp iso-2022-jp-1 iso-2022-jp-ext",
        "cp949": "euc-kr euckr ks-c-5601 ks-c-5601-1987 ks-c-5601-1989 ksc5601 ksc-5601 ksx1001 ks-x-1001"
        " korean cseuckr csksc56011987 iso-ir-149 windows-949 x-windows-949 949 ms949 uhc",
        "cp874": "tis-620 tis620 iso-8859-11 iso8859-11 windows-874 dos-874 x-windows-874 thai",
        "windows-1250": "x-cp1250",
        "windows-1251": "x-cp1251 win-1251 win1251",
        "windows-1252": "iso-8859-1 iso8859-1 iso88591 latin-1 latin1 l1 8859-1 ascii us-ascii ansi"
        " ansi-x3.4-1968 iso-ir-100 cp819 ibm819 x-cp1252 8859 iso-8859-1-windows-3.1-latin-1 x-ansi",
        "windows-1254": "iso-8859-9 iso8859-9 latin5 latin-5 l5 iso-ir-148 x-cp1254",
        "windows-1255": "iso-8859-8 iso8859-8 iso-8859-8-i iso-8859-8-e logical visual hebrew x-cp1255",
        "iso-8859-6": "iso-8859-6-i iso-8859-6-e",
        "koi8-r": "koi koi8 koi-8-r",
        "koi8-u": "koi8-ru",
        "mac-roman": "macintosh x-mac-roman mac",
        "mac-cyrillic": "x-mac-cyrillic x-mac-ukrainian",
    }.items()
    for label in labels.split()
}
#: Python's text codecs that no page is written in.
_NO_CHARSETS = frozenset(("charmap", "idna", "punycode", "raw-unicode-escape", "unicode-escape", "utf-7"))
#: A codec that stands for several charsets: the one in which the page is most plausible is taken.
_VARIANTS: Mapping[str, tuple[str, ...]] = {
    "big5": ("cp950", "big5hkscs"),
    "euc-jp": ("euc-jp", "euc-jis-2004"),
    "koi8-r": ("koi8-r", "koi8-u"),
}


@lru_cache(maxsize=256)
def codec_of(label: str) -> str | None:
    """The charset that a label stands for, or None where it is unknown."""
    label = re.sub(r"[\s_]+", "-", label.strip().lower())
    if label in _LABELS:
        return _LABELS[label]
    try:
        "".encode(label)  # unlike lookup(), it knows that "hex" is no charset
        name = codecs.lookup(label).name.replace("_", "-")
    except (LookupError, ValueError):  # a NUL in the label is a ValueError
        return None
    name = re.sub(r"^iso(?=\d)", "iso-", name)
    name = re.sub(r"^cp(?=125\d$)", "windows-", name)
    return None if name in _NO_CHARSETS else _LABELS.get(name, name)


def variants_of(name: str) -> tuple[str, ...]:
    """The codecs that a charset's name may mean: itself, where it stands for one."""
    return _VARIANTS.get(name, (name,))
