"""Bytes of a scraped page to text, once, at the edge.

The evidence is asked in this order, and the first that speaks decides:

1. a byte order mark;
2. the caller's `hint`: who names an encoding means it, so only a byte order mark overrules it;
3. UTF-16 or UTF-32 without a mark, by the control bytes that no 8-bit text has;
4. the escape sequences of the 7-bit charsets ISO-2022-JP, ISO-2022-KR and HZ;
5. UTF-8, with a few broken bytes too: other text hardly ever has its byte pattern by chance;
6. the declaration of the page, as far as the text that it gives is plausible;
7. detection: every candidate charset is priced by how many bits its text costs under short letter
   tables, and the cheapest wins. BeautifulSoup's detector proposes more where none of them fits.

Whatever decides, the rest of the bytes is read with it; bytes that do not fit become U+FFFD and a warning.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from .errors import EncodingError

MARK = "\ufffd"
NUL = "\0"


@dataclass(frozen=True, slots=True)
class Decoded:
    """A page as text.

    `text` has "\\n" line ends, no NUL and no surrogate. `encoding` is the charset that was used, by a name
    that `bytes.decode` knows. `warnings` tell of bytes that did not fit and of a declaration that was wrong.
    """

    text: str
    encoding: str
    warnings: tuple[str, ...] = ()


def decode(data: bytes, hint: str | None = None) -> Decoded:
    """Decode the bytes of an HTML page or a text dump.

    Args:
        data: the bytes as fetched, of any charset.
        hint: the charset's name, where the caller knows it. Labels are read as browsers do, by the charset
            that holds the named one: "gb2312" as gb18030, "latin1" as windows-1252.

    Raises:
        EncodingError: `hint` names no charset, or the bytes are an image, an archive or other binary data.

    >>> decode("Größe\\r\\n".encode("latin-1"))
    Decoded(text='Größe\\n', encoding='windows-1252', warnings=())
    """
    named = _named(hint)
    _refuse_signatures(data)
    decoded = (
        _by_mark(data, named)
        or _by_hint(data, named)
        or _by_width(data)
        or _by_escapes(data)
        or _by_utf8(data)
        or _by_declaration(data)
        or _by_detection(data)
    )
    return _tidy(decoded, data)


# --- names ---------------------------------------------------------------------------------------------

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
def _codec(label: str) -> str | None:
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


def _named(hint: str | None) -> str | None:
    if hint is None:
        return None
    if codec := _codec(hint):
        return codec
    raise EncodingError(
        f"unknown encoding {hint!r}: name a charset such as utf-8, gb18030, big5, shift_jis or windows-1252,"
        " or leave the encoding out to have it detected"
    )


# --- binary data ---------------------------------------------------------------------------------------

_SIGNATURES: Mapping[bytes, str] = {
    b"\x89PNG": "PNG image",
    b"\xff\xd8\xff": "JPEG image",
    b"GIF87a": "GIF image",
    b"GIF89a": "GIF image",
    b"RIFF": "RIFF image, sound or film",
    b"BM": "BMP image",
    b"\0\0\1\0": "icon",
    b"II*\0": "TIFF image",
    b"MM\0*": "TIFF image",
    b"%PDF-": "PDF document",
    b"{\\rtf": "RTF document",
    b"\xd0\xcf\x11\xe0": "Microsoft Office document",
    b"PK\3\4": "zip archive, perhaps an Office document or EPUB",
    b"\x1f\x8b": "gzip archive",
    b"BZh": "bzip2 archive",
    b"\xfd7zXZ": "xz archive",
    b"\x28\xb5\x2f\xfd": "zstd archive",
    b"7z\xbc\xaf\x27\x1c": "7z archive",
    b"Rar!": "RAR archive",
    b"SQLite format 3\0": "SQLite database",
    b"PAR1": "Parquet file",
    b"\x7fELF": "program",
    b"MZ": "program",
    b"\xca\xfe\xba\xbe": "program",
    b"\0asm": "program",
    b"wOFF": "font",
    b"wOF2": "font",
    b"ID3": "MP3 sound",
    b"OggS": "Ogg sound",
    b"fLaC": "FLAC sound",
    b"\0\0\0\x18ftyp": "MP4 film",
    b"\0\0\0\x1cftyp": "MP4 film",
    b"\0\0\0\x20ftyp": "MP4 film",
}
_STARTS = tuple(_SIGNATURES)
#: Documents whose bytes can be plain ASCII and still are no page.
_ASCII_DOCUMENTS = (b"%PDF-", b"{\\rtf")
#: C0 controls that no text has: all but tab, line ends, form feed, backspace (overstrikes), escape and the
#: shifts of ISO-2022-KR.
_CONTROLS = bytes({*range(0x20), 0x7F} - {*b"\t\n\v\f\r\b\x1b\x0e\x0f"})
_HEAD = 4096
#: More controls than this share of the characters, and no three of them an accident, is no text. Random
#: bytes have 10 %, compressed data likewise; no page of the corpus has a single one in its first 4 KB.
_MAX_CONTROLS = 0.04


def _refuse_signatures(data: bytes) -> None:
    """Name the kind of binary data; letters alone ("BM", "PAR1") may as well begin an article."""
    if not data.startswith(_STARTS):
        return
    head = data[:_HEAD]
    if head.startswith(_ASCII_DOCUMENTS) or _has_controls(head) or not _valid_utf8(head):
        raise _binary(next(kind for start, kind in _SIGNATURES.items() if head.startswith(start)))


def _binary(kind: str = "") -> EncodingError:
    remedy = "unpack it first" if "archive" in kind else "give the HTML or the plain text of the page"
    return EncodingError(f"looks like binary data{kind and f' ({kind})'}, not a page: {remedy}")


def _refuse_controls(head: bytes) -> None:
    # NULs at the end are what a crash or a fixed record size leaves behind a good text
    text = head.rstrip(b"\0")
    if head and not text:
        raise _binary("NUL bytes alone")
    if len(text) - len(text.translate(None, _CONTROLS)) > max(2, _MAX_CONTROLS * len(text)):
        raise _binary()


def _has_controls(head: bytes) -> bool:
    return len(head.translate(None, _CONTROLS)) < len(head)


def _valid_utf8(head: bytes) -> bool:
    try:
        codecs.utf_8_decode(head, "strict", False)
    except UnicodeDecodeError:
        return False
    return True


# --- evidence ------------------------------------------------------------------------------------------

#: UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: Well-formed characters that make a text with broken ones UTF-8, if they are twice as many as those. Text of
#: other charsets has at most 1.2 well-formed ones to a broken one, but two or three by chance; fewer are for
#: detection to judge.
_UTF8_GOOD = 4
_WIDE = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
_DECLARED_WITHIN = 8192
_COMMENT = re.compile(rb"<!--.*?-->", re.S)
_DECLARATION = re.compile(
    rb"""^\s*<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([\w.:-]{1,40})"""
    rb"""|<meta\b[^>]{0,500}?\bcharset\s*=\s*["']?\s*([\w.:-]{1,40})""",
    re.I,
)
_HZ = re.compile(rb"~\{(?:[!-w][!-~])+~\}")


def _by_mark(data: bytes, named: str | None) -> Decoded | None:
    found = next((pair for pair in _MARKS if data.startswith(pair[0])), None)
    if found is None:
        return None
    mark, codec = found
    rest = data[len(mark) :]
    good, bad = _utf8_pattern(_sample(rest)) if codec == "utf-8" else (0, 0)
    if bad > good:  # template engines put a UTF-8 mark before pages of any charset
        return _by_hint(rest, named) or _by_declaration(rest) or _by_detection(rest)
    decoded = _read(rest, codec)
    if named is None or codec.startswith(named):
        return decoded
    return _warn(decoded, f"the encoding {named} was named, but the byte order mark says {codec}")


def _by_hint(data: bytes, named: str | None) -> Decoded | None:
    return None if named is None else _read(data, _settled(data, named))


def _by_width(data: bytes) -> Decoded | None:
    """UTF-16 and UTF-32 without a mark: 16-bit text has NULs or other controls among its bytes."""
    head = data[:_HEAD]
    if not _has_controls(head):
        return None
    codec = max(_WIDE, key=lambda codec: _coherence(head, codec))
    if _coherence(head, codec) >= 0.5:
        return _read(data, codec)
    # no 8-bit charset has controls inside its characters: rubbish need not be read to be known
    _refuse_controls(head)
    return None


def _by_escapes(data: bytes) -> Decoded | None:
    # one byte is found ten times faster than two
    if b"\x1b" in data and b"\x1b$" in data:
        if b"\x1b$B" in data or b"\x1b$@" in data:
            return _read(data, "iso-2022-jp-ext")
        if b"\x1b$)C" in data:
            return _read(data, "iso-2022-kr")
    if data.isascii() and b"~" in data and b"~{" in data and ("hz" in _declared(data) or _is_hz(data)):
        return _read(data, "hz")
    return None


def _by_utf8(data: bytes) -> Decoded | None:
    try:
        text, used = codecs.utf_8_decode(data, "strict", False)
    except UnicodeDecodeError:
        good, bad = _utf8_pattern(_sample(data))
        return _read(data, "utf-8") if good >= max(_UTF8_GOOD, 2 * bad) else None
    if used < len(data):
        # a last byte of é in an otherwise plain text is no cut UTF-8 character
        return _cut(Decoded(text, "utf-8"), len(data) - used) if used - len(text) >= _UTF8_GOOD else None
    few = 0 < len(data) - len(text) <= 8
    return None if few and _utf8_by_chance(data) else Decoded(text, "utf-8")


def _by_declaration(data: bytes) -> Decoded | None:
    sample = _sample(data)
    for name in _declared(data):
        price = min(_price(sample, codec) for codec in _VARIANTS.get(name, (name,)))
        if price.fits:
            return _read(data, price.codec)
    return None


def _by_detection(data: bytes) -> Decoded:
    sample, labels = _sample(data), _declared(data)
    declared = [codec for name in labels for codec in _VARIANTS.get(name, (name,))]
    prices = sorted(_prices(sample, _shortlist(sample, declared), declared))
    if prices[0].doubtful:
        prices = sorted([*prices, *_proposals(sample, {price.codec for price in prices})])
    best = prices[0]
    decoded = _read(data, best.codec)
    if declared and best.codec not in declared:
        label = next(iter(labels.values()))
        decoded = _warn(decoded, f"the page declares {label}, but its bytes are {best.codec}")
    if best.doubtful:
        decoded = _warn(decoded, f"no charset fits the bytes, {best.codec} is a guess: name the encoding")
    return decoded


def _declared(data: bytes) -> dict[str, str]:
    """The known charsets that the page declares → their labels, in page order, but for UTF-16 and UTF-32."""
    head = data[:_DECLARED_WITHIN]
    if b"charset" not in head.lower() and b"<?xml" not in head:
        return {}
    found: dict[str, str] = {}
    for match in _DECLARATION.finditer(_COMMENT.sub(b"", head)):
        label = (match[1] or match[2]).decode("ascii", "ignore")
        name = _codec(label)
        if name and not name.startswith(("utf-16", "utf-32")):
            found.setdefault(name, label)
    return found


def _settled(data: bytes, name: str) -> str:
    """The one codec for a name that stands for several."""
    if name in ("utf-16", "utf-32"):
        orders = (f"{name}-le", f"{name}-be")
        return max(orders, key=lambda codec: _coherence(data[:_HEAD], codec))
    if name == "hz" and not data.isascii():
        return "gb18030"
    variants = _VARIANTS.get(name)
    return min(_price(_sample(data), codec) for codec in variants).codec if variants else name


def _coherence(head: bytes, codec: str) -> float:
    """Share of the 16- or 32-bit units that are text: few blocks of Unicode, and frequent Han and Hangul."""
    text = head.decode(codec, "ignore")
    units = max(1, len(head) // (4 if "32" in codec else 2))
    blocks = Counter(ord(char) >> 8 for char in text if char >= " " or char in "\t\n\r")
    letters = [count for block, count in blocks.items() if block < 0x2E or block in (0x30, 0xFE, 0xFF)]
    east = sum(char in _table("han") or char in _table("hangul") for char in text)
    return (sum(sorted(letters)[-4:]) + east) / units


def _is_hz(data: bytes) -> bool:
    """Program text has "~{" too; in HZ frequent Han characters stand between the marks."""
    marked = b"".join(match[0] for match in _HZ.finditer(data[: _DECLARED_WITHIN * 8]))
    text = marked.decode("hz", "replace")
    return sum(char in _table("han") for char in text) >= max(2, 0.4 * len(text))


def _utf8_pattern(sample: Sample) -> tuple[int, int]:
    """How many characters beyond ASCII are well formed, and how many places are not."""
    text, _ = _texts(sample, "utf-8")
    good = sum(not char.isascii() for char in text) - text.count(MARK)
    return good, len(_MARK_RUN.findall(text))


def _utf8_by_chance(data: bytes) -> bool:
    """A Han character or two of a declared charset can look like UTF-8."""
    variants = {codec for name in _declared(data) for codec in _VARIANTS.get(name, (name,))}
    if not (variants := variants & _UNSYNCHRONISED):
        return False
    sample = _sample(data)
    best = min(_price(sample, codec) for codec in variants)
    return best.clean and best.bits < _price(sample, "utf-8").bits + _CANDIDATES["utf-8"][1]


# --- what a reading costs ------------------------------------------------------------------------------

#: Parts of a page, for detection.
Sample = tuple[bytes, ...]
_WINDOW = 1 << 17
_SAMPLE = 4096
_GLANCE = 512
_PIECE = 256
#: Bytes that are part of a longer character in no 8-bit charset: a page can be cut there.
_CUTS = bytes({*range(0x30), *b"<>"})
_AT_CUTS = bytes.maketrans(_CUTS, b"\n" * len(_CUTS))
_CUT = re.compile(b"[" + re.escape(_CUTS) + b"]")
_HIGH_BYTES = bytes(range(0x80, 0x100))
_HIGH = re.compile(b"[\x80-\xff]")

#: Bits that a byte beyond ASCII costs. Right readings of other scripts cost 3.4 to 5.4 on the corpus and the
#: test matrix (some Big5 pages up to 6), the nearest wrong one 5.5; of Latin languages 0.9 to 3.5, the
#: nearest wrong one 3.6. Punctuation alone costs more, and such a page just takes the long way. Above 8 no
#: candidate fits.
_PLAUSIBLE = 5.4
_PLAUSIBLE_LATIN = 3.5
_DOUBTFUL = 8.0
#: Fewer bytes beyond ASCII than this say nothing about how well a charset fits.
_ENOUGH = 16
#: What a declaration is worth against detection, in bits.
_DECLARED_BONUS = 16.0
#: What a proposal of BeautifulSoup's must be better by: a charset of another age needs evidence.
_PROPOSED_MALUS = 16.0
_ASCII_BITS = 4.5
_UPPER_BITS = 1.0
#: Half a character at the end of a sample: the page is cut there, or has the last letter of another charset.
_ODD_BITS = 10.0

#: Letters by falling frequency in running text.
_CYRILLIC = "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфіъёїєґўјљњћџђѓќѕ"
_GREEK = "αοιετσνηυρπκμλςωγδάίόέήχθφύώβξζψϊΐϋΰ"
_HEBREW = "יוהלארמתבשנדכחפקעםגטזסצןףךץ"
_ARABIC = "اليمونترهبعدسفقكةحجشصىخطأذضغزثئءإظؤآ،؟ـًَُِّْ"
_PERSIAN = "ایرنمودهتسبشلکزفگخعقجپحطصضغثآذئظچژأءؤ\u200c،"
_THAI = "านรอกเงม่ย้วัลดทสตีะิไปบคหแจพช์ขใ็ถผโำูุื ึซศณธษฐภญๆฟฉฮฝฎฏฆฒฬ๊๋"
_HIRAGANA = (
    "のにはをたがでてとしれさいなるもかあこりっうられすまくきつだけよせんおえわそちみどめやじばろほび"
    "ねべぶげぎぐござずゃゅょふむへひゆぬづぼぞぱぽぴぷぺ"
)
_KATAKANA = (
    "ーンスルトリアイラドクシロレッフジタカコマテメニサバプオムナキウデミパグハチツブセボガソモヤエポ"
    "ネゴベダワヌノピケビズゼホペザァィェォャュョヒユヨゲギヘヴ"
)
_HANS = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去"
    "法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关"
    "点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通"
    "教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期"
    "市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边"
    "死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运近单台议警案京网站报道记者称据悉表示今年市场经济投资企业政府银行增长"
)
_HANT = (
    "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種事成方多經麼去"
    "法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因只從想實日軍者意無力它與長把機十民第公此已工使情明性知全三又關"
    "點正業外將兩高間由問很最重並物手應戰向頭文體政美相見被利什二等產或新己制身果加西斯月話合回特代內信表化老給世位次度門任常先海通"
    "教兒原東聲提立及比員解水名真論處走義各入幾口認條平系氣題活爾更別打女變四神總何電數安少報才結反受目太量再感建務做接必場件計管期"
    "市直德資命山金指克許統區保至隊形社便空決治展馬科司五基眼書非則聽白卻界達光放強即像難且權思王象完設式色路記南品住告類求據程北邊"
    "死張該交規萬取拉格望覺術領共確傳師觀清今切院讓識候帶導爭運近單台議警案京網站報導記者稱據悉表示今年市場經濟投資企業政府銀行增長灣黨選舉"
)
_KANJI = (
    "日一国人年大十二本中長出三同時政事自行社見月分議後前民生連五発間対上部東者党地合市業内相方四定今回新場金員九入選立開手米力学問高代"
    "明実円関決子動京全目表戦経通外最言氏現理調体化田当八六約主題下首意法不来作性的要用制治度務強気小七成期公野協取都和統以機平総加山思"
    "家話世受区領多県続進正安設保改数記院女初北午指権心界支第産結百派点教報済書府活原先共得解名交資予川向際査勝面委告軍文反元重近千考判"
    "認画海参売利組知案道信策集在件団別物側任引使求所次水半品昨論計死官増係感特情投示変打男基私各始島直両朝革価式確村提運終挙果西勢減台"
    "広容必応演電歳住争談能無再位置企真流格有疑口過局少放税検藤町常校料沢裁状工建語球営空職証土与急止送援供可役構木割聴身費付施切由説転"
)
_HANGUL = (
    "이다는을의에가고지하도은로한사기를그자리대어서아나인일으시정해과부라수상전제들보것만있여구장국주원적게성면동공조위와거세신당용할습니"
    "려었았했계관발개중경실소비우연마선생방안오통무미말치유민명회분모식업물스트드르내임간재력학산행화교입현노될된되년월등및데련점결반단"
    "합규야진때없같않못받후최문북남울씨금호표까기자출영외달차운김박따뉴체속양설처심요터건작러특역타술불약열음강토본투름난디감급배직천"
)
_HAN = (_HANS, _HANT, _KANJI)
#: Language → its letters beyond ASCII, and frequent words without them that no markup holds: they tell "ê" of
#: French from "ę" of Polish where a short text has but one.
_LATIN: Mapping[str, tuple[str, str]] = {
    "english": ("éïèñüöçêâ", "the of and that with was this from have not"),
    "german": ("üäößé", "der die und das ist nicht ein den von mit"),
    "french": ("éèàêçôîùûâœïëæ", "le les des est une dans que pour qui sur"),
    "spanish": ("óíáéñúü¿¡ºª", "el los las que una del por con para se"),
    "portuguese": ("ãçáéíóêõâúàôº", "os que uma do da com para em dos por"),
    "italian": ("àèùòéìî", "il che di della per una sono gli del non"),
    "dutch": ("ëéïèöü", "de het een van en dat niet zijn op te"),
    "nordic": ("äåøöæéü", "och det som att og ikke jeg til ja ei"),
    "icelandic": ("íáðéóþöúæý", "og er sem ekki um var fyrir hann"),
    "catalan": ("éóàèíòç·úïü", "els que les amb una del per es"),
    "polish": ("łąężóśćńź", "nie na do jest przez oraz dla od w z"),
    "czech": ("íáěéýžřšůčúťďňó", "je na se v do jsem aby jako ve byl"),
    "slovak": ("áíéčžšýúľôťóňäďŕĺ", "je na sa v do som aby ako vo bol"),
    "hungarian": ("áéöőóüíúű", "az egy hogy nem volt meg csak"),
    "romanian": ("ăîşţâșț", "de la cu din pe este nu sau"),
    "croatian": ("čšžćđ", "je na se da su u od za"),
    "turkish": ("ıüşğçöiâîəİ", "bir ve bu ile olarak de da en"),
    "lithuanian": ("ėšųžįąūęč", "ir yra kad su tai iki nuo"),
    "latvian": ("āīēšņļžūģķč", "un ir ka ar bija tika"),
    "estonian": ("äõüöšž", "ja ei et oli kui aga ning"),
}
#: Each model: pieces (letters, bits of the first, bits of the last).
_MODELS: Mapping[str, tuple[tuple[str, float, float], ...]] = {
    "cyrillic": ((_CYRILLIC, 3.2, 11.0),),
    "greek": ((_GREEK, 3.2, 9.0),),
    "hebrew": ((_HEBREW, 3.2, 8.0),),
    "arabic": ((_ARABIC, 2.8, 10.0),),
    "persian": ((_PERSIAN, 2.8, 10.0),),
    "thai": ((_THAI, 3.4, 10.0),),
    "chinese": ((_HANS, 6.0, 11.0), (_HANT, 6.0, 11.0)),
    "japanese": ((_HIRAGANA, 4.5, 9.0), (_KATAKANA, 6.0, 11.0), (_KANJI, 7.0, 11.5)),
    "korean": ((_HANGUL, 5.5, 11.0),),
    "han": tuple((letters, 6.0, 11.0) for letters in _HAN),
    "hangul": ((_HANGUL, 5.5, 11.0),),
    **{language: ((letters, 2.0, 6.0),) for language, (letters, _) in _LATIN.items()},
}
#: Candidate → the models of its languages, and what it is worth in bits against the others: the charsets that
#: pages are written in come before those of other times, and windows-1252 before all that give the same text.
_CANDIDATES: Mapping[str, tuple[str, float]] = {
    "utf-8": ("*", 8),
    "gb18030": ("chinese", 2),
    "cp950": ("chinese", 1),
    "big5hkscs": ("chinese", -15),
    "cp932": ("japanese", 1),
    "euc-jp": ("japanese", 0),
    "cp949": ("korean", 1),
    "windows-1252": (
        "english german french spanish portuguese italian dutch nordic icelandic catalan estonian",
        5,
    ),
    "windows-1251": ("cyrillic", 2),
    "koi8-r": ("cyrillic", 0),
    "koi8-u": ("cyrillic", -1),
    "iso-8859-5": ("cyrillic", -2),
    "cp866": ("cyrillic", -2),
    "windows-1250": ("polish czech slovak hungarian romanian croatian german", 2),
    "iso-8859-2": ("polish czech slovak hungarian romanian croatian german", 0),
    "windows-1253": ("greek", 2),
    "iso-8859-7": ("greek", -2),
    "windows-1254": ("turkish french german", 1),
    "windows-1255": ("hebrew", 1),
    "windows-1256": ("arabic persian", 1),
    "iso-8859-6": ("arabic", -2),
    "windows-1257": ("lithuanian latvian estonian", -4),
    "cp874": ("thai", 1),
    "iso-8859-15": ("french german nordic estonian", -2),
}


@dataclass(frozen=True, slots=True, order=True)
class _Price:
    """What the sample costs in a charset.

    `bits` decides. `clean`: no character is out of place. `fits`: the text is plausible by itself.
    `doubtful`: there is enough of it to say that it is not.
    """

    bits: float
    codec: str
    clean: bool
    fits: bool
    doubtful: bool


def _shortlist(sample: Sample, declared: Iterable[str]) -> list[str]:
    """The candidates that a small part of the sample does not rule out: to price all of it costs 15 ms."""
    candidates = list(dict.fromkeys((*_CANDIDATES, *declared)))
    if len(sample[0]) < 2 * _GLANCE:
        return candidates
    prices = {codec: _price((sample[0][:_GLANCE],), codec).bits for codec in candidates}
    limit = max(1.4 * min(prices.values()), _ENOUGH * _DOUBTFUL)
    return [codec for codec in candidates if prices[codec] <= limit or codec in declared]


def _prices(sample: Sample, candidates: Iterable[str], declared: Iterable[str]) -> Iterator[_Price]:
    for codec in candidates:
        price = _price(sample, codec)
        yield replace(price, bits=price.bits - _DECLARED_BONUS) if codec in declared else price


def _proposals(sample: Sample, known: set[str]) -> list[_Price]:
    """What BeautifulSoup's detector (with the charset library that it finds installed) would take."""
    from bs4.dammit import EncodingDetector

    names = {_codec(name) for name in EncodingDetector(b"\n".join(sample), is_html=True).encodings}
    prices = [_price(sample, name) for name in sorted(name for name in names if name and name not in known)]
    return [replace(price, bits=price.bits + _PROPOSED_MALUS) for price in prices]


@lru_cache(maxsize=64)
def _price(sample: Sample, codec: str) -> _Price:
    text, odd = _texts(sample, codec)
    high = sum(len(part) - len(part.translate(None, _HIGH_BYTES)) for part in sample)
    counts = Counter(char for char in text if not char.isascii())
    models, worth = _CANDIDATES.get(codec, ("*", 0.0))
    words = Counter(_WORD.findall(text.lower()))
    bits = min(_letter_bits(counts, model) - _word_bits(words, model) for model in models.split())
    bits += _context_bits(text) + _ODD_BITS * odd
    clean = not any(map(_is_alien, counts))
    plausible = _PLAUSIBLE_LATIN if models.split()[0] in _LATIN else _PLAUSIBLE
    fits = clean and bits <= plausible * high
    doubtful = high >= _ENOUGH and bits > _DOUBTFUL * high
    return _Price(bits - worth, codec, clean, fits, doubtful)


def _letter_bits(counts: Mapping[str, int], model: str) -> float:
    table = _table(model)
    return sum(count * (table.get(char) or _other_bits(char)) for char, count in counts.items())


def _word_bits(words: Mapping[str, int], model: str) -> float:
    """One bit for each frequent word of the model's language, ten at most."""
    known = _LATIN[model][1].split() if model in _LATIN else ()
    return min(10.0, sum(words.get(word, 0) for word in known))


@lru_cache(maxsize=64)
def _table(model: str) -> Mapping[str, float]:
    """Bits of each letter of a model; "*" is all models together."""
    table: dict[str, float] = {}
    pieces = _MODELS[model] if model != "*" else (piece for pieces in _MODELS.values() for piece in pieces)
    for letters, first, last in pieces:
        for rank, letter in enumerate(letters):
            bits = first + (last - first) * rank / len(letters)
            table[letter] = min(bits, table.get(letter, 99.0))
            if (upper := letter.upper()) != letter and len(upper) == 1:
                table[upper] = min(bits + _UPPER_BITS, table.get(upper, 99.0))
    return table


_PUNCTUATION = frozenset(
    "“”‘’„‚‹›–—…«»·•°©®™€£§№\xa0\xad\u3000、。「」『』！？（）：；，《》〈〉【】・ー～﹁﹂"
)
_WESTERN_SYMBOLS = frozenset("½¼¾×±²³´µ¢¥÷†‡‰")
_WORD = re.compile("[a-z]+")
_HALF_WIDTH_KATAKANA = range(0xFF61, 0xFFA0)
_ALIEN_CATEGORIES = frozenset(("Cc", "Cn", "Co", "Cs"))


@lru_cache(maxsize=1 << 16)
def _is_alien(char: str) -> bool:
    """U+FFFD, a control, a private or an unassigned character: no text holds them."""
    return char == MARK or unicodedata.category(char) in _ALIEN_CATEGORIES


@lru_cache(maxsize=1 << 16)
def _other_bits(char: str) -> float:
    """Bits of a character that is no letter of the model."""
    if char.isascii():
        return _ASCII_BITS
    if char in _PUNCTUATION:
        return 7.0
    if char in _WESTERN_SYMBOLS:
        return 9.0
    if _is_alien(char):
        return 15.0 if char == MARK else 20.0
    code = ord(char)
    if 0x4E00 <= code < 0xA000 or 0xAC00 <= code < 0xD7B0:
        return 14.0
    if code in _HALF_WIDTH_KATAKANA:
        return 11.0
    if 0xFF01 <= code < 0xFF5F:
        return 9.0
    if 0xC0 <= code < 0x250:
        return 11.0
    if 0x3040 <= code < 0x3100:
        return 9.0
    return 13.0 if code < 0x2000 else 16.0


#: Bits of neighbours by class. a/A: ASCII letters, e/E: other Latin, b/B: other scripts with case,
#: x: letters without case, h: Han, kana and Hangul, 0: digits, s: symbols, blank: all else.
_PAIR_BITS: Mapping[str, float] = {
    first + second: bits
    for firsts, seconds, bits in (
        ("ae", "E", 5.0),
        ("e", "A", 5.0),
        ("b", "B", 5.0),
        (" s", "EB", 2.0),
        ("aAeE", "bBx", 5.0),
        ("bBx", "aAeE", 5.0),
        ("bB", "x", 5.0),
        ("x", "bB", 5.0),
        ("eEbBx", "h", 4.0),
        ("h", "eEbBx", 4.0),
        ("aA", "h", 3.0),
        ("h", "aA", 3.0),
        (" ", "h", 1.0),
        ("h", " ", 1.0),
        ("0", "eEbBx", 3.0),
        ("eEbBx", "0", 3.0),
        ("aAeEbBx", "s", 2.0),
        ("s", "aAeEbBx", 2.0),
    )
    for first in firsts
    for second in seconds
}


def _context_bits(text: str) -> float:
    classes = "".join(map(_class, text))
    pairs = Counter(map(str.__add__, classes, classes[1:]))
    return sum(count * _PAIR_BITS.get(pair, 0.0) for pair, count in pairs.items())


@lru_cache(maxsize=1 << 16)
def _class(char: str) -> str:
    if char.isascii():
        return "0" if char.isdigit() else " " if not char.isalpha() else "A" if char.isupper() else "a"
    category = unicodedata.category(char)
    code = ord(char)
    if category in ("Lu", "Ll"):
        kind = "e" if code < 0x250 else "b"
        return kind.upper() if category == "Lu" else kind
    if category in ("Lo", "Lm", "Mn", "Mc"):
        return "s" if char in "ªº" else "h" if 0x1100 <= code < 0x1200 or code >= 0x3000 else "x"
    return " " if char in _PUNCTUATION else "s"


# --- samples -------------------------------------------------------------------------------------------


def _sample(data: bytes) -> Sample:
    """Words with bytes beyond ASCII, from the beginning, the middle and the end, 2 KB of each."""
    if len(data) <= _SAMPLE:
        return (data,)
    starts = (0, len(data) // 2, len(data) - _WINDOW)
    windows = [data[:_WINDOW], *(_from_a_cut(data, start) for start in starts[1:] if start >= _WINDOW)]
    parts = [part for window in windows if (part := _high_words(window))]
    if not parts and (first := _HIGH.search(data)):
        # all before it is ASCII, so nothing is cut there
        parts = [_high_words(data[max(0, first.start() - 8) : first.start() + _WINDOW])]
    return tuple(parts)


def _from_a_cut(data: bytes, start: int) -> bytes:
    """A window that does not begin inside a character; empty where no cut can be found."""
    cut = _CUT.search(data, start, start + _WINDOW)
    return data[cut.end() : start + _WINDOW] if cut else b""


def _high_words(window: bytes) -> bytes:
    taken: list[bytes] = []
    room = _SAMPLE // 2
    for word in _words(window):
        if word.isascii():
            continue
        if len(word) > room and (first := _HIGH.search(word)):
            word = word[max(0, first.start() - 8) :]
        taken.append(word[:room])
        room -= len(word) + 1
        if room <= 0:
            break
    return b"\n".join(taken)


def _words(window: bytes) -> Iterator[bytes]:
    """What stands between the cuts, but for long ASCII stretches; the first few words are often enough."""
    start = 0
    while start < len(window):
        cut = _CUT.search(window, start + _PIECE)
        end = cut.start() if cut else len(window)
        piece = window[start:end]
        if not piece.isascii():
            yield from piece.translate(_AT_CUTS).split(b"\n")
        start = end + 1


def _texts(sample: Sample, codec: str) -> tuple[str, int]:
    """The sample as text, and how many bytes at the ends of its parts are half a character."""
    parts = [_by_codec(part, codec, _MAX_RESYNC_SAMPLE) for part in sample]
    return "\n".join(text for text, _ in parts), sum(pending for _, pending in parts)


# --- reading -------------------------------------------------------------------------------------------

#: Codecs in which a lost byte shifts all characters after it.
_UNSYNCHRONISED = frozenset(("gb18030", "cp950", "big5hkscs", "cp932", "euc-jp", "euc-jis-2004", "cp949"))
_RESYNC = "dedupe.resync"
#: With more errors than this the page is no page of this charset, and the slow search for the next character
#: that makes sense is not worth its time.
_MAX_RESYNC = 1000
_MAX_RESYNC_SAMPLE = 50
#: Python gives private characters for bytes that Shift_JIS does not define.
_CP932_UNDEFINED = "\uf8f0\uf8f1\uf8f2\uf8f3"
#: The marks of one bad byte: a broken UTF-8 character leaves up to four. (A pattern that begins with a
#: plain character is searched for ten times faster than "{1,4}".)
_MARK_RUN = re.compile(MARK + MARK + "{0,3}")
_AHEAD = 24
_C1_IN_UTF8 = re.compile(rb"\xc2[\x80-\x9f]")
_C1 = re.compile("[\x80-\x9f]")


def _read(data: bytes, codec: str) -> Decoded:
    """All bytes by one codec; what does not fit is replaced, a cut last character is dropped."""
    text, pending = _by_codec(data, codec, _MAX_RESYNC)
    decoded = Decoded(text, codec)
    if lost := _lost(data, text, codec):
        decoded = _warn(decoded, f"{_count(lost, 'place')} not valid {codec}: replaced by U+FFFD")
    return _cut(decoded, pending)


def _by_codec(data: bytes, codec: str, max_resync: int) -> tuple[str, int]:
    """The text with marks for bad bytes, and how many bytes at the end are half a character."""
    for errors in ("replace", _RESYNC):
        decoder = codecs.getincrementaldecoder(codec)(errors)
        text = decoder.decode(data)
        if codec not in _UNSYNCHRONISED or not 0 < text.count(MARK) <= max_resync:
            break
    if codec == "cp932":
        for char in _CP932_UNDEFINED:
            text = text.replace(char, MARK)
    return text, len(decoder.getstate()[0])


def _lost(data: bytes, text: str, codec: str) -> int:
    """How many places of `text` have marks for bad bytes; the page can hold the mark itself."""
    own = MARK.encode(codec, "ignore") if MARK in text else b""
    if text.count(MARK) <= (data.count(own) if own else 0):
        return 0
    known = len(re.findall(b"%b(?:%b){0,3}" % (re.escape(own), re.escape(own)), data)) if own else 0
    return max(1, len(_MARK_RUN.findall(text)) - known)


def _resync(error: UnicodeError) -> tuple[str | bytes, int]:
    """A codec error handler: go on at the byte from which the next characters cost least."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    data, codec, after = error.object, error.encoding, error.start + 1
    # an ASCII byte is never skipped: it may be markup
    if not data[after : after + 1] or data[after] < 0x80:
        return MARK, after
    return MARK, min((after + 1, after), key=lambda place: _bits_ahead(data, place, codec))


def _bits_ahead(data: bytes, place: int, codec: str) -> float:
    """Bits a byte of the characters from `place` to the next one that surely begins a character."""
    cut = _CUT.search(data, place, place + _AHEAD)
    ahead = data[place : cut.start() if cut else place + _AHEAD]
    counts = Counter(codecs.getincrementaldecoder(codec)("replace").decode(ahead, final=cut is not None))
    model, _ = _CANDIDATES.get(codec.replace("_", "-"), ("*", 0.0))
    return _letter_bits(counts, model) / max(1, len(ahead))


# The handler keeps nothing; a name in the codec registry is the only way to hand one to a decoder.
codecs.register_error(_RESYNC, _resync)


def _cut(decoded: Decoded, count: int) -> Decoded:
    if not count:
        return decoded
    return _warn(decoded, f"the page ends inside a character: its last {_count(count, 'byte')} dropped")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun} is" if number == 1 else f"{number} {noun}s are"


def _warn(decoded: Decoded, warning: str) -> Decoded:
    return replace(decoded, warnings=(*decoded.warnings, warning))


def _tidy(decoded: Decoded, data: bytes) -> Decoded:
    """Refuse rubbish, drop NULs and make line ends one.

    C1 controls are windows-1252 that went through a wrong conversion: HTML reads them so in references too.
    """
    text = decoded.text.removeprefix("\ufeff")
    _refuse_controls(text[:_HEAD].encode("utf-8", "replace"))
    if b"\0" in data and NUL in text:  # looking through bytes takes less time
        decoded = _warn(decoded, f"{_count(text.count(NUL), 'NUL character')} dropped")
        text = text.replace(NUL, "")
    for char in _c1_controls(text, data if decoded.encoding == "utf-8" else None):
        text = text.replace(char, char.encode("latin-1").decode("windows-1252", "ignore"))
    if "\r" in text:
        text = text.replace("\r\n", "\n")
        if "\r" in text:
            text = text.replace("\r", "\n")
    return decoded if text is decoded.text else replace(decoded, text=text)


def _c1_controls(text: str, utf8: bytes | None) -> set[str]:
    """The C1 controls in `text`; they are found faster in its bytes, where those are UTF-8."""
    if utf8 is None:
        return set(_C1.findall(text))
    return {pair.decode("utf-8") for pair in _C1_IN_UTF8.findall(utf8)} if b"\xc2" in utf8 else set()
