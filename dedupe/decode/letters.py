"""What the letters of a text cost in bits, for each script and language that a charset is used for."""

from __future__ import annotations

import unicodedata
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from dedupe.decode.thresholds import RULES

if TYPE_CHECKING:
    from collections.abc import Mapping

MARK = "\ufffd"  # stands for bytes that are no character
_UPPER_BITS = 1.0  # that a capital costs more than its small letter
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
LATIN: Mapping[str, tuple[str, str]] = {
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
    **{language: ((letters, 2.0, 6.0),) for language, (letters, _) in LATIN.items()},
}
#: Candidate → the models of its languages, and what it is worth in bits against the others: the charsets that
#: pages are written in come before those of other times, and windows-1252 before all that give the same text.
CANDIDATES: Mapping[str, tuple[str, float]] = {
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
_WESTERN = "english german french spanish portuguese italian dutch nordic icelandic catalan estonian"
_CENTRAL = "polish czech slovak hungarian romanian croatian german"
_BALTIC = "lithuanian latvian estonian"
#: Charsets of other times and systems → the models of their languages: proposed where no candidate fits.
RARE: Mapping[str, str] = {
    **dict.fromkeys(("mac-cyrillic", "cp855", "kz1048", "ptcp154"), "cyrillic"),
    **dict.fromkeys(("cp737", "cp869", "mac-greek"), "greek"),
    **dict.fromkeys(("cp852", "mac-latin2"), _CENTRAL),
    **dict.fromkeys(("cp437", "cp850", "cp858", "mac-roman", "iso-8859-14"), _WESTERN),
    **dict.fromkeys(("cp775", "iso-8859-4", "iso-8859-13"), f"{_BALTIC} polish nordic"),
    **dict.fromkeys(("cp865", "iso-8859-10"), "nordic icelandic estonian"),
    **dict.fromkeys(("cp857", "mac-turkish", "iso-8859-3"), "turkish"),
    **dict.fromkeys(("cp862", "cp856"), "hebrew"),
    "cp720": "arabic persian",
    "iso-8859-16": f"{_CENTRAL} french",
    "mac-croatian": "croatian",
    "mac-romanian": "romanian",
    "mac-iceland": "icelandic",
    "cp860": "portuguese",
    "cp861": "icelandic",
    "cp863": "french",
    "johab": "korean",
    "shift-jisx0213": "japanese",
}
_PUNCTUATION = frozenset(
    "“”‘’„‚‹›–—…«»·•°©®™€£§№\xa0\xad\u3000、。「」『』！？（）：；，《》〈〉【】・ー～﹁﹂"
)
_WESTERN_SYMBOLS = frozenset("½¼¾×±²³´µ¢¥÷†‡‰")
#: Bits of characters that are no letters of a model, by kind.
_ASCII_BITS = 4.5
_PUNCTUATION_BITS = 7.0
_SYMBOL_BITS = 9.0
_MARK_BITS = 15.0
_ALIEN_BITS = 20.0
_LATIN_END = 0x250  # the first code point behind the Latin letters that charsets hold
_JAMO = range(0x1100, 0x1200)
_EAST_ASIAN = 0x3000  # from this code point on characters are those of Chinese, Japanese and Korean
#: Bits of all other characters, by their code points.
_OTHER_BITS = (
    (range(0x4E00, 0xA000), 14.0),  # Han
    (range(0xAC00, 0xD7B0), 14.0),  # Hangul
    (range(0xFF61, 0xFFA0), 11.0),  # half-width katakana
    (range(0xFF01, 0xFF5F), 9.0),  # full-width ASCII
    (range(0xC0, _LATIN_END), 11.0),
    (range(0x3040, 0x3100), 9.0),  # kana
    (range(0x2000), 13.0),  # other alphabets
    (range(0x2000, 0x110000), 16.0),  # all else
)
_ALIEN_CATEGORIES = frozenset(("Cc", "Cn", "Co", "Cs"))


def letter_bits(counts: Mapping[str, int], model: str) -> float:
    """What letters cost, so many of each."""
    table = letter_table(model)
    return sum(count * (table.get(char) or _other_bits(char)) for char, count in counts.items())


def word_bits(words: Mapping[str, int], model: str) -> float:
    """One bit for each frequent word of the model's language, up to a limit."""
    known = LATIN[model][1].split() if model in LATIN else ()
    return min(RULES.words_bits, sum(words.get(word, 0) for word in known))


@lru_cache(maxsize=64)
def letter_table(model: str) -> Mapping[str, float]:
    """Bits of each letter of a model; "*" is all models together."""
    table: dict[str, float] = {}
    pieces = _MODELS[model] if model != "*" else (piece for pieces in _MODELS.values() for piece in pieces)
    for letters, first, last in pieces:
        for rank, letter in enumerate(letters):
            bits = first + (last - first) * rank / len(letters)
            table[letter] = min(bits, table.get(letter, bits))
            if (upper := letter.upper()) != letter and len(upper) == 1:
                bits += _UPPER_BITS
                table[upper] = min(bits, table.get(upper, bits))
    return table


@lru_cache(maxsize=1 << 16)
def is_alien(char: str) -> bool:
    """U+FFFD, a control, a private or an unassigned character: no text holds them."""
    return char == MARK or unicodedata.category(char) in _ALIEN_CATEGORIES


@lru_cache(maxsize=1 << 16)
def _other_bits(char: str) -> float:
    """Bits of a character that is no letter of the model."""
    if char.isascii():
        return _ASCII_BITS
    if char in _PUNCTUATION:
        return _PUNCTUATION_BITS
    if char in _WESTERN_SYMBOLS:
        return _SYMBOL_BITS
    if is_alien(char):
        return _MARK_BITS if char == MARK else _ALIEN_BITS
    return next(bits for points, bits in _OTHER_BITS if ord(char) in points)


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


def context_bits(text: str) -> float:
    """What neighbours cost that seldom stand together."""
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
        kind = "e" if code < _LATIN_END else "b"
        return kind.upper() if category == "Lu" else kind
    if category in ("Lo", "Lm", "Mn", "Mc"):
        return "s" if char in "ªº" else "h" if code in _JAMO or code >= _EAST_ASIAN else "x"
    return " " if char in _PUNCTUATION else "s"
