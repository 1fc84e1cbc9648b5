"""The lexicons themselves, what they say of lines of many languages, and how user files join them."""

from __future__ import annotations

import gzip
import json
import pickle
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest
from conftest import SHARED
from hypothesis import given
from hypothesis import strategies as st

from dedupe.chrome import lexicon, lexicon_format
from dedupe.chrome import lexicon_compile as lexicon_files
from dedupe.chrome.lexicon import Lexicon, PhraseMatch, load
from dedupe.chrome.lexicon_compile import LABELS
from dedupe.decode.detect import decode
from dedupe.errors import LexiconError
from dedupe.segment.html import segment_html
from dedupe.text.normalize import plain

LANGUAGES = ("de", "en", "es", "fr", "it", "ja", "ko", "pl", "pt", "ru", "zh-Hans", "zh-Hant")


@lru_cache(maxsize=1)
def shipped() -> Lexicon:
    return load()


@lru_cache(maxsize=1)
def phrases() -> list[tuple[str, str, str, str, int, str]]:
    """Language, label, kind, strength, limit and phrase of every entry of every file."""
    found = []
    for path in sorted(lexicon_format.SHIPPED.glob("*.toml")):
        tables = lexicon_files._tables(path)
        tables.pop("dates", None)
        for (_, phrase), spec in lexicon_files._entries(path, tables).items():
            language, label, kind, strength, limit = spec.split(":")
            found.append((language, label, kind, strength, int(limit), phrase))
    return found


def labels(text: str, sure: bool | None = None) -> list[str]:
    return [hit.label for hit in shipped().match(text) if sure is None or hit.sure == sure]


def test_the_compiled_tables_are_those_of_the_files() -> None:
    assert lexicon_format.COMPILED.read_text(encoding="utf-8") == lexicon_files.compile_shipped(), (
        "run: python -m dedupe.chrome.lexicon_compile"
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_its_share_of_phrases(language: str) -> None:
    own = [entry for entry in phrases() if entry[0] == language]
    assert len(own) >= (350 if language in ("en", "zh-Hans") else 150)
    assert {entry[1] for entry in own} >= {"related", "comments", "share", "navigation", "byline", "notice"}


def test_all_files_are_tested() -> None:
    assert {path.stem for path in lexicon_format.SHIPPED.glob("*.toml")} == set(LANGUAGES)


def test_no_phrase_of_a_language_has_two_labels() -> None:
    said = defaultdict(set)
    for language, label, kind, _, _, phrase in phrases():
        said[language, "whole" if kind == "opens" else kind, phrase].add(label)
    assert {key: names for key, names in said.items() if len(names) > 1} == {}


def test_no_phrase_is_sure_and_a_hint_in_one_language() -> None:
    said = defaultdict(set)
    for language, label, kind, strength, _, phrase in phrases():
        said[language, label, kind, phrase].add(strength)
    assert {key for key, strengths in said.items() if len(strengths) > 1} == set()


def test_all_labels_are_used() -> None:
    assert {entry[1] for entry in phrases()} == LABELS


#: Lines as they stand around articles, each with the label that it must get.
SAID = {
    "en": """
        related | Related articles:
        related | You may also like
        related | Read more: The ferry that nobody wanted
        comments | Leave a comment
        comments | 14 Comments
        share | Share this article
        share | Follow us on Twitter
        download-prompt | Download our app
        navigation | Skip to main content
        subscription | Sign up for our newsletter
        advert | ADVERTISEMENT
        consent | Accept all cookies
        tags | Tags: harbour, ferries
        metadata | 4 min read
        empty-widget | Loading...
        byline | By Ingrid Hallam and Tom Rusk
        byline | Reporting by Ann Lee; editing by Bo Carr
        dateline | Published: 3 May 2024, 10:31 am
        dateline | Last updated on May 3, 2024
        notice | © 2024 Harbour News. All rights reserved.
    """,
    "de": """
        related | Das könnte Sie auch interessieren
        related | Lesen Sie auch: Die Fähre, die keiner wollte
        comments | Kommentar schreiben
        share | Artikel teilen
        navigation | Zum Inhalt springen
        navigation | Datenschutzerklärung
        subscription | Newsletter abonnieren
        advert | Anzeige
        tags | Schlagwörter: Hafen, Fähre
        metadata | Lesezeit: 4 Minuten
        byline | Von Ingrid Hallam und Jörg Groß
        dateline | Aktualisiert am 3. Mai 2024 um 10:31 Uhr
        notice | Alle Rechte vorbehalten
    """,
    "fr": """
        related | À lire aussi
        related | Lire aussi : Le bac dont personne ne voulait
        comments | Laisser un commentaire
        share | Partager sur Facebook
        navigation | Mentions légales
        navigation | Aller au contenu
        subscription | S'abonner
        advert | Publicité
        consent | Tout accepter
        tags | Mots-clés : port, bac
        metadata | Temps de lecture : 4 min
        byline | Par Ingrid Hallam et Tom Rusk
        dateline | Publié le 3 mai 2024 à 10h31
        notice | Tous droits réservés
    """,
    "es": """
        related | Te puede interesar
        related | Lea también: El ferri que nadie quería
        comments | Deja un comentario
        share | Compartir en Facebook
        navigation | Aviso legal
        navigation | Política de privacidad
        subscription | Suscríbete a nuestro boletín
        advert | Publicidad
        tags | Etiquetas: puerto, ferri
        byline | Por Ana Ruiz y Tomás Rey
        dateline | Publicado el 3 de mayo de 2024
        notice | Todos los derechos reservados
    """,
    "it": """
        related | Potrebbe interessarti anche
        related | Leggi anche: Il traghetto che nessuno voleva
        comments | Lascia un commento
        share | Condividi su Facebook
        navigation | Vai al contenuto
        navigation | Chi siamo
        subscription | Iscriviti alla newsletter
        advert | Pubblicità
        tags | Argomenti: porto, traghetto
        byline | Di Anna Neri e Tommaso Re
        dateline | Pubblicato il 3 maggio 2024
        notice | Riproduzione riservata
    """,
    "pt": """
        related | Leia também
        related | Veja também: A balsa que ninguém queria
        comments | Deixe um comentário
        share | Compartilhar no Facebook
        navigation | Política de privacidade
        navigation | Fale conosco
        subscription | Assine nossa newsletter
        advert | Publicidade
        tags | Palavras-chave: porto, balsa
        byline | Por Ana Reis e Tomás Rocha
        dateline | Publicado em 3 de maio de 2024
        notice | Todos os direitos reservados
    """,
    "pl": """
        related | Czytaj także
        related | Przeczytaj też: Prom, którego nikt nie chciał
        comments | Dodaj komentarz
        share | Udostępnij na Facebooku
        navigation | Polityka prywatności
        navigation | Regulamin
        subscription | Zapisz się do newslettera
        advert | Reklama
        tags | Tagi: port, prom
        byline | Autor: Anna Nowak
        dateline | Opublikowano: 03.05.2024 10:31
        notice | Wszelkie prawa zastrzeżone
    """,
    "ru": """
        related | Читайте также
        related | Читайте также: Паром, который никому не нужен
        comments | Оставить комментарий
        share | Поделиться
        navigation | Политика конфиденциальности
        navigation | О редакции
        subscription | Подписаться на рассылку
        advert | Реклама
        tags | Теги: порт, паром
        byline | Автор: Анна Новикова
        dateline | Опубликовано: 03.05.2024 10:31
        notice | Все права защищены
    """,
    "ja": """
        related | 関連記事
        related | あわせて読みたい
        comments | コメントを書く
        share | この記事をシェアする
        navigation | プライバシーポリシー
        navigation | 利用規約
        subscription | 会員登録
        advert | 広告
        metadata | 写真を拡大
        byline | 執筆：山田花子
        dateline | 2024年5月3日 10時31分
        notice | 無断転載禁止
    """,
    "ko": """
        related | 관련기사
        related | 많이 본 뉴스
        comments | 댓글 쓰기
        share | 페이스북 공유
        share | 공유하기
        navigation | 개인정보처리방침
        navigation | 이용약관
        advert | 광고
        tags | 태그: 항구
        byline | 글쓴이: 김하나
        dateline | 입력 2024.05.03 10:31
        notice | 무단 전재 및 재배포 금지
    """,
    "zh-Hans": """
        related | 相关阅读
        related | 热门推荐
        comments | 暂无评论哦,快来评价一下吧!
        comments | 发表评论
        share | 分享到
        download-prompt | 扫一扫下载海港新闻APP
        navigation | 返回首页
        subscription | 登录后阅读全文
        advert | 广告
        tags | 标签：港口 渡轮
        metadata | 责任编辑：李华
        metadata | 正在阅读:
        byline | 文|海港工作室
        dateline | 2024-05-03 10:31 来源：海港网
        notice | 未经授权，不得转载
    """,
    "zh-Hant": """
        related | 延伸閱讀
        related | 相關新聞
        comments | 發表留言
        share | 分享至
        download-prompt | 立即下載海港APP
        navigation | 回首頁
        navigation | 隱私權政策
        subscription | 訂閱電子報
        advert | 廣告
        tags | 關鍵字：港口、渡輪
        byline | 記者 陳小明／台北報導
        dateline | 2024/05/03 10:31
        notice | 未經授權，不得轉載
    """,
}


#: Lines that stand in articles: none of them may be sure to be anything else.
ORDINARY = {
    "en": """
        Home of the brave people | More: the harbour board wants a second ferry | Update | 8:15 | 9:30
        10.31 am | (Credit: Ingrid Hallam / Harbour News) | Photo: Tom Rusk | Yes. | No, never. | Q: | A:
        Go home, said the sea | 2–1 | Hallam 3, Rusk 1 | 1. Flour | - 200 g butter
        - Lamp oil, for the winter | Follow me, follow me | Share the bread | What do you think?
        Try again. | By the sea, nobody sleeps. | Tuesday | Source: harbour board
        Loading docks close early | Advertisement prices fell by a third.
        Comments from the board came late. | Related costs rose. | Next door, a shop opened.
        Save the whales! | Top speed: 30 knots | Sign here, they told him. | Register of ships, 1911
        The end
    """,
    "de": """
        Ja. | Nein, nie. | Frage: | Zurück zu den Wurzeln | Zurück zur Natur | 8.15 Uhr | 9:30 | 2:1
        Halbzeit: 1:1 | Auf Facebook schrieb er wenig. | Nach der Anzeige ermittelte die Polizei.
        - 200 g Butter | 1. Mehl | Anmeldung läuft. | Laden | Foto: Tom Rusk | Quelle: Hafenamt
        Kontakte nach Norden | Teilen macht Freude. | Von der See kam Wind. | Mehr Geld für die Fähre
        Themen gab es genug. | Das Ende | Kommentar | Weiter, immer weiter
    """,
    "fr": """
        Oui. | Non, jamais. | Question : | 8h15 | 9:30 | 2-1 | Photo : Tom Rusk | Source : le port
        - 200 g de beurre | 1. De la farine | Par la mer, personne ne vient. | Partager le pain
        Suivre le vent | La suite au printemps | Plus de bateaux, moins de voitures
        Accueil chaleureux au port | Lire, c'est voyager. | Mardi | La fin | En direct
    """,
    "es": """
        Sí. | No, nunca. | Pregunta: | 8:15 | 9.30 horas | 2-1 | Foto: Tomás Rey | Fuente: el puerto
        - 200 g de mantequilla | 1. Harina | Por la mar no viene nadie. | Compartir el pan
        Seguir el viento | Inicio de la temporada | Más barcos, menos coches | Leer es viajar. | Martes
        El fin | Última hora | Comentarios del alcalde, pocos.
    """,
    "it": """
        Sì. | No, mai. | Domanda: | 8:15 | ore 9.30 | 2-1 | Foto: Tommaso Re | Fonte: il porto
        - 200 g di burro | 1. Farina | Di notte il porto dorme. | Condividere il pane | Seguire il vento
        Casa mia, casa mia | Più navi, meno auto | Leggere è viaggiare. | Martedì | La fine | In diretta
        Commenti del sindaco, pochi.
    """,
    "pt": """
        Sim. | Não, nunca. | Pergunta: | 8h15 | 9:30 | 2-1 | Foto: Tomás Rocha | Fonte: o porto
        - 200 g de manteiga | 1. Farinha | Por mar não vem ninguém. | Compartilhar o pão | Seguir o vento
        Início da temporada | Mais barcos, menos carros | Ler é viajar. | Terça-feira | O fim | Ao vivo
        Comentários do prefeito, poucos.
    """,
    "pl": """
        Tak. | Nie, nigdy. | Pytanie: | 8:15 | godz. 9.30 | 2:1 | Fot. Tomasz Rybak | Źródło: port
        - 200 g masła | 1. Mąka | Morze śpi. | Podzielić się chlebem | Iść za wiatrem
        Więcej statków, mniej aut | Czytać to podróżować. | Wtorek | Koniec
        Aktualności z portu były złe. | Dom, mój dom
    """,
    "ru": """
        Да. | Нет, никогда. | Вопрос: | 8:15 | 9.30 утра | 2:1 | Фото: Томаш Рыбак | Источник: порт
        - 200 г масла | 1. Мука | Море спит. | Делиться хлебом | Идти за ветром
        Больше судов, меньше машин | Читать значит ездить. | Вторник | Конец | Новости из порта плохие.
        Дом, мой дом
    """,
    "ja": """
        はい。 | いいえ、決して。 | 質問： | 8時15分 | 9:30 | 2-1 | 写真：山田花子 | 出典：港湾局
        ・バター200グラム | 1. 小麦粉 | 海は眠る。 | パンを分ける | 風を追う | 船を増やし、車を減らす
        読むことは旅だ。 | 火曜日 | 終わり | 港のニュースは悪い。
    """,
    "ko": """
        네. | 아니요, 절대로. | 질문: | 8시 15분 | 9:30 | 2-1 | 사진: 김하나 | 출처: 항만청
        - 버터 200그램 | 1. 밀가루 | 바다는 잔다. | 빵을 나누다 | 바람을 따라 | 배는 늘리고 차는 줄이고
        읽는 것은 여행이다. | 화요일 | 끝 | 항구 소식은 나빴다.
    """,
    "zh-Hans": """
        是的。 | 不，从来没有。 | 问： | 答： | 8:15 | 9点30分 | 2比1 | 图片来源：海港局
        广告牌倒塌砸伤三人 | 阅读是一种习惯 | 成为会员国之后 | 联系电话：010-1234567 | 1. 面粉 | 黄油200克
        大海睡了。 | 分享面包 | 跟着风走 | 多造船，少开车 | 星期二 | 完 | 评论家们说得不多。
        首页设计得很漂亮。 | 更新 | 收藏家老王
    """,
    "zh-Hant": """
        是的。 | 不，從來沒有。 | 問： | 答： | 8:15 | 9點30分 | 2比1 | 圖／海港局 | 廣告看板倒塌砸傷三人
        閱讀是一種習慣 | 成為會員國之後 | 我同意。 | 1. 麵粉 | 奶油200克 | 大海睡了。 | 分享麵包
        跟著風走 | 多造船，少開車 | 星期二 | 完 | 首頁設計得很漂亮。 | 更新 | 收藏家老王
    """,
}


def split_lines(text: str) -> list[str]:
    return [line.strip() for line in text.replace("\n", " | ").split(" | ") if line.strip()]


@pytest.mark.parametrize("language", LANGUAGES)
def test_lines_around_articles_get_their_labels(language: str) -> None:
    lines = [tuple(line.strip().split(" | ", 1)) for line in SAID[language].strip().splitlines()]
    assert len(lines) >= 10
    assert {text: label for label, text in lines if label not in labels(text)} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_lines_of_articles_are_sure_to_be_nothing_else(language: str) -> None:
    lines = split_lines(ORDINARY[language])
    assert len(lines) >= 15
    assert {line: shipped().match(line) for line in lines if labels(line, sure=True)} == {}


@pytest.mark.parametrize(
    ("text", "kind", "sure"),
    [
        ("→ Related articles (3)", "opens", True),
        ("» RELATED ARTICLES:", "opens", True),
        ("Ｒｅｌａｔｅｄ　ａｒｔｉｃｌｅｓ：", "opens", True),
        ("Related\xa0articles", "opens", True),
        ("related art\xadicles", "opens", True),
        ("More: the harbour board wants a second ferry", "start", False),
    ],
)
def test_how_a_phrase_matches(text: str, kind: str, sure: bool) -> None:
    hit = next(hit for hit in shipped().match(text) if hit.label == "related")
    assert (hit.kind, hit.sure) == (kind, sure)


def test_the_rule_names_the_entry() -> None:
    assert shipped().match("Related articles:")[0].rule == "en:related/opens:related articles"


def test_a_phrase_ends_where_a_word_ends() -> None:
    assert "tags" in labels("Tags: harbour")
    assert labels("Tagselection committees of the harbour") == []


def test_a_phrase_may_end_a_short_block() -> None:
    assert labels("Tom Rusk contributed reporting.", sure=True) == ["byline"]
    assert labels("Tom Rusk contributed reporting. " + "He lives on the island. " * 8) == []


def test_long_blocks_do_not_begin_with_short_phrases() -> None:
    assert labels("Read more: the ferry that nobody wanted", sure=True) == ["related"]
    assert labels("Read more: " + "the ferry that nobody wanted " * 6) == []


def test_a_line_of_known_words_is_a_menu() -> None:
    assert labels("Home | World | Sport | Business", sure=True) == ["navigation"]
    assert labels("Home World Sport Business", sure=True) == ["navigation"]
    assert labels("Hallam | Rusk | Home | 3:1", sure=True) == []
    assert labels("Hallam | Rusk | Home | World | Sport | Business | Culture", sure=True) == []


def test_a_long_block_is_sure_only_by_how_it_begins() -> None:
    tail = "The board points to the old engine, which nobody can mend any more. " * 6
    cookies = "We use cookies to count how many people read about the ferry. "
    assert labels(cookies + tail, sure=True) == ["consent"]
    assert labels(tail + cookies, sure=True) == []
    assert labels(tail + cookies) == ["consent"]
    assert labels(tail + cookies + tail) == []


def test_names_are_told_by_capitals_or_script() -> None:
    assert labels("By Ingrid Hallam", sure=True) == ["byline"]
    assert labels("By INGRID HALLAM and TOM VAN DER BERG, Harbour News", sure=True) == ["byline"]
    assert "byline" not in labels("By night the harbour sleeps", sure=True)
    assert "byline" in labels("文／港口工作室")


@pytest.mark.parametrize(
    "text", ["", " ", "\n", "…", "8:15", "| | |", "©", "¡!", "\u200b", "0" * 300, "|" * 300]
)
def test_blocks_without_words_are_never_sure(text: str) -> None:
    assert labels(text, sure=True) == []


def test_lexicons_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(shipped())) == shipped()


def test_the_seed_page() -> None:
    page = SHARED / "seed" / "000_3e917b65b40607ff.txt"
    if not page.exists():
        pytest.skip("the seed page is not beside this checkout")
    lines = page.read_text(encoding="utf-8").splitlines()
    said = {number: labels(line) for number, line in enumerate(lines, 1) if line.strip()}
    wanted = {1: "metadata", 5: "download-prompt", 11: "byline", 35: "notice", 42: "comments", 44: "comments"}
    wanted |= {46: "download-prompt", 48: "share", 50: "share", 56: "byline", 80: "notice"}
    assert {number: label for number, label in wanted.items() if label not in said[number]} == {}
    assert {number for number, found in said.items() if found} == set(wanted)


def slow_hits(text: str) -> set[PhraseMatch]:
    """What `Lexicon.match` finds, by comparing with each phrase of each language in turn."""
    own = shipped()
    longest = len(text) > lexicon._LONG
    cut = f"{text[: lexicon._WINDOW]} {text[-lexicon._WINDOW :]}" if longest else text
    line = plain(cut if longest else text)
    core = " ".join(lexicon_format.trim(line).split())
    low = " ".join(core.casefold().split())
    phrases: set[PhraseMatch] = set()
    if not longest:
        words = low.split()
        edges = not words or words[0] in own.dates or line[0].isdigit() or line[-1].isdigit()
        phrases |= {*own._dateline(line if edges else ""), *own._menu(low, words)}
    for language, label, kind, strength, limit, phrase in latest():
        how = slow_sureness(kind, limit, phrase, (low or "".join(line.split()), core), longest)
        if how is not None:
            sure = how and strength == "sure"
            phrases.add(PhraseMatch(label, kind, sure, f"{language}:{label}/{kind}:{phrase}"))
    return phrases


def slow_sureness(kind: str, limit: int, phrase: str, texts: tuple[str, str], longest: bool) -> bool | None:
    """Whether a phrase that the text has may make it sure; None for one that it does not have."""
    low, core = texts
    if kind in ("whole", "opens", "pattern", "start", "end") and longest:
        return None
    if kind in ("whole", "opens"):
        return True if low == phrase else None
    if kind == "pattern":
        before, _, slots = phrase.partition("{")
        fits = low.startswith(before.casefold()) and lexicon._pattern("{" + slots).fullmatch(
            core, len(before)
        )
        return True if fits else None
    if phrase not in low:
        return None
    places = [
        at for at in range(len(low)) if low.startswith(phrase, at) and lexicon._bounded(phrase, low, at)
    ]
    if kind in ("start", "end"):
        at = 0 if kind == "start" else len(low) - len(phrase)
        return True if at in places and len(low) <= limit else None
    short = not longest and len(low) <= limit * (2 if kind == "long" else 1)
    if not places or (kind == "inside" and not short):
        return None
    return short or places[0] == 0


@lru_cache(maxsize=1)
def latest() -> list[tuple[str, str, str, str, int, str]]:
    """All entries, of the same phrase in several languages the last."""
    last = {("whole" if entry[2] == "opens" else entry[2], entry[5]): entry for entry in phrases()}
    return list(last.values())


def assert_same_as_slow(text: str) -> None:
    found = shipped().match(text)
    slow = slow_hits(text)
    assert {hit.label for hit in found} == {hit.label for hit in slow}
    assert set(found) <= slow
    for hit in found:
        assert hit.sure == any(other.sure for other in slow if other.label == hit.label)


PIECES = st.one_of(
    st.sampled_from([phrase for *_, phrase in phrases()]).map(
        lambda phrase: re.sub(r"\{\w+\}", "Ingrid Hallam", phrase)
    ),
    st.sampled_from([text for lines in ORDINARY.values() for text in split_lines(lines)]),
    st.sampled_from(["3", "2024-05-03", "10:31", "May", "・", "…", "’s", "x" * 90]),
    st.text(max_size=12),
)
# a word is not looked up with other marks hanging on it than these
BETWEEN = st.sampled_from([" ", " | ", ": ", ", ", ". ", "： ", "\u3000", "\n"])


@given(st.lists(st.tuples(PIECES, BETWEEN), min_size=1, max_size=5))
def test_looking_up_finds_what_comparing_with_all_finds(pieces: list[tuple[str, str]]) -> None:
    assert_same_as_slow("".join(piece + between for piece, between in pieces))


def corpus_blocks(pages: int) -> Iterator[str]:
    folder = SHARED / "corpus" / "extraction"
    cases = [json.loads(line) for line in (folder / "cases.jsonl").read_text(encoding="utf-8").splitlines()]
    for case in cases[:: len(cases) // pages]:
        data = gzip.decompress((folder / case["page"]).read_bytes())
        yield from (block.text for block in segment_html(decode(data).text).blocks)


def test_looking_up_finds_the_same_on_real_pages() -> None:
    if not (SHARED / "corpus" / "extraction" / "cases.jsonl").exists():
        pytest.skip("the corpus is not beside this checkout")
    for text in sorted(set(corpus_blocks(60)))[::25]:
        assert_same_as_slow(text)


def user_file(folder: Path, text: str, name: str = "xx.toml") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_user_folder_adds_phrases(tmp_path: Path) -> None:
    own = load(user_file(tmp_path, "[advert.sure]\nwhole = 'harbour club'\nlong = 'join the harbour club'"))
    assert [hit.rule for hit in own.match("Harbour Club!")] == ["xx:advert/whole:harbour club"]
    assert [hit.sure for hit in own.match("Join the harbour club. " + "It costs nothing. " * 20)] == [True]
    assert [hit.label for hit in own.match("Related articles")] == ["related"]
    assert load() == shipped() != own


@pytest.mark.parametrize("name", ["xx.toml", "en.toml"])
def test_a_user_folder_replaces_phrases(tmp_path: Path, name: str) -> None:
    text = "[tags.hint]\nopens = 'related articles'\nstart = 'read more: | by {name} | by {name}{tail}'"
    own = load(user_file(tmp_path, text + "\ninside = 'all rights reserved'", name))
    for line in ("Related articles", "Read more: a ferry", "By Ingrid Hallam"):
        assert next((hit.label, hit.sure) for hit in own.match(line)) == ("tags", False)
        assert "tags" not in labels(line)
    assert "tags" in [hit.label for hit in own.match("For ferries all rights reserved")]


def test_user_files_name_dates(tmp_path: Path) -> None:
    own = load(user_file(tmp_path, "[dates]\nmonths = 'lithe wedmath'\nlabels = 'scribed'"))
    assert [(hit.label, hit.sure) for hit in own.match("Scribed 3 Wedmath 1418")] == [("dateline", True)]


@pytest.mark.parametrize(
    ("text", "entry", "message"),
    [
        ("[advert.sure", "", "cannot be read"),
        ("[adverts.sure]\nwhole = 'a club'", "adverts", "unknown label"),
        ("[repeat.sure]\nwhole = 'a club'", "repeat", "unknown label"),
        ("[advert]\nsure = 'a club'", "advert.sure", "must be a table"),
        ("advert = 'a club'", "advert", "must be a table"),
        ("[advert.maybe]\nwhole = 'a club'", "advert.maybe", "sure or hint"),
        ("[advert.sure]\nwholes = 'a club'", "advert.sure.wholes", "unknown key"),
        ("[advert.sure]\npattern = 'a club'", "advert.sure.pattern", "unknown key"),
        ("[advert.sure]\nwhole = 3", "advert.sure.whole", "a text or an array"),
        ("[advert.sure]\nwhole = ['a', 3]", "advert.sure.whole", "a text or an array"),
        ("[advert.sure]\nwhole = 'a | '", "advert.sure.whole", "empty phrase"),
        ("[advert.sure]\nstart = '(a'", "advert.sure.start", "too short"),
        ("[advert.sure]\nopens = '...'", "advert.sure.opens", "too short"),
        ("[advert.sure]\nwhole = 'a club | A Club!'", "advert.sure.whole", "there already"),
        ("[advert.sure]\nwhole = 'a club'\nopens = 'a club'", "advert.sure.opens", "there already"),
        ("[advert.sure]\nwhole = 'by {who}'", "advert.sure.whole", "unknown slot 'who'"),
        ("[advert.sure]\nwhole = 'by {'", "advert.sure.whole", "no slot"),
        ("[advert.sure]\nwhole = '{name} club'", "advert.sure.whole", "begins with a slot"),
        ("[advert.sure]\ninside = 'club {n}'", "advert.sure.inside", "slots work in"),
        ("[advert.sure]\nlimit = 0\nwhole = 'a club'", "advert.sure.limit", "number of characters"),
        ("[advert.sure]\nlimit = true\nwhole = 'a club'", "advert.sure.limit", "number of characters"),
        ("[dates]\nmonth = 'lithe'", "dates.month", "unknown key"),
        ("dates = 'lithe'", "dates", "must be a table"),
    ],
)
def test_bad_user_files_are_named(tmp_path: Path, text: str, entry: str, message: str) -> None:
    with pytest.raises(LexiconError, match=re.escape(message)) as caught:
        load(user_file(tmp_path, text))
    assert caught.value.path == str(tmp_path / "xx.toml")
    assert (caught.value.entry or "") == entry
    assert str(tmp_path / "xx.toml") in str(caught.value)


def test_a_folder_without_lexicons_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LexiconError, match="no lexicon files"):
        load(tmp_path)
    with pytest.raises(LexiconError, match="no lexicon files"):
        load(tmp_path / "nowhere")


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "xx.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(LexiconError, match=r"xx\.toml: cannot be read"):
        load(tmp_path)
