"""What several test files share: settings, small builders, guards."""

from __future__ import annotations

import faulthandler
import os
import re
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import HealthCheck, settings

from dedupe.page import Page
from dedupe.types import Block, Role

ON_CI = os.environ.get("CI") == "true"
SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
PATIENCE = 60  # seconds after which a page that should end counts as hanging

#: One small article in several languages; the paragraphs of one language share no passage.
ARTICLES: dict[str, tuple[str, ...]] = {
    "en": (
        "The ferry to the outer islands will stop running at the end of the month, the harbour board "
        "said on Tuesday after a meeting that went on until late in the evening.",
        "Some four hundred people live on the two islands all year round. Most of them work on the "
        "mainland and cross the sound twice a day, in summer together with thousands of visitors.",
        "“We were told nothing before this week,” said Ingrid Hallam, who runs the only shop on the "
        "smaller island. She now orders flour and lamp oil for the whole winter.",
        "The board points to the old engine. A new one would cost two million, more than the line "
        "earns in nine years, and the yard cannot deliver it before the spring.",
    ),
    "de": (
        "Die Fähre zu den äußeren Inseln stellt Ende des Monats den Betrieb ein, wie die "
        "Hafenverwaltung am Dienstag nach einer langen Sitzung mitteilte, die bis in den späten "
        "Abend dauerte.",
        "Rund vierhundert Menschen leben das ganze Jahr über auf den beiden Inseln. Die meisten "
        "arbeiten auf dem Festland und überqueren den Sund zweimal am Tag, im Sommer zusammen mit "
        "Tausenden Gästen.",
        "„Bis zu dieser Woche hat uns niemand etwas gesagt“, sagt Ingrid Hallam, die den einzigen "
        "Laden der kleineren Insel führt. Sie bestellt jetzt Mehl und Lampenöl für den ganzen Winter.",
        "Die Verwaltung verweist auf die alte Maschine. Eine neue würde zwei Millionen kosten, mehr "
        "als die Linie in neun Jahren einbringt, und die Werft kann nicht vor dem Frühjahr liefern.",
    ),
    "ru": (
        "Паром на дальние острова перестанет ходить в конце месяца, сообщило во вторник управление "
        "порта после заседания, которое продолжалось до позднего вечера и ничем не закончилось.",
        "На двух островах круглый год живут около четырёхсот человек. Большинство из них работает на "
        "материке и дважды в день переплывает пролив, летом вместе с тысячами приезжих.",
        "«До этой недели нам никто ничего не говорил», — рассказала Ингрид Халлам, хозяйка "
        "единственной лавки на меньшем острове. Теперь она заказывает муку и керосин сразу на всю "
        "зиму.",
        "Управление ссылается на старый двигатель. Новый обошёлся бы в два миллиона, больше, чем "
        "линия зарабатывает за девять лет, и верфь не сможет поставить его раньше весны.",
    ),
    "ar": (
        "ستتوقف العبارة المتجهة إلى الجزر البعيدة عن العمل في نهاية الشهر، كما أعلنت إدارة الميناء "
        "يوم الثلاثاء بعد اجتماع طويل استمر حتى ساعة متأخرة من المساء ولم ينته إلى أي حل.",
        "يعيش نحو أربعمائة شخص على الجزيرتين طوال العام. يعمل معظمهم في البر الرئيسي ويعبرون المضيق "
        "مرتين في اليوم، وفي الصيف يعبرونه مع آلاف الزوار القادمين من المدن الكبيرة.",
        "وقالت إنغريد هالام صاحبة المتجر الوحيد في الجزيرة الصغيرة إن أحدا لم يخبرهم بشيء قبل هذا "
        "الأسبوع. وهي تطلب الآن الطحين وزيت المصابيح لفصل الشتاء كله دفعة واحدة.",
        "وتشير الإدارة إلى المحرك القديم. فالمحرك الجديد سيكلف مليونين، أي أكثر مما يدره الخط في تسع "
        "سنوات، ولا يستطيع حوض السفن تسليمه قبل حلول فصل الربيع المقبل.",
    ),
    "zh": (
        "港务局星期二晚间开会后宣布，开往外海两座岛屿的渡轮将在本月底停航，会议一直持续到深夜，双方没"
        "有谈出任何结果。",
        "两座岛上常年住着大约四百人。他们大多在对岸上班，每天要坐船过海两次，到了夏天还要和成千上万的"
        "游客挤在一起。",
        "“这个星期之前没有人告诉过我们。”在小岛上开着唯一一家杂货店的英格丽说。她现在要把整个冬天的面"
        "粉和灯油一次订齐。",
        "港务局说问题出在旧发动机上。换一台新的要花两百万，比这条航线九年的收入还多，而且船厂要到明年"
        "春天才能交货。",
    ),
    "ja": (
        "港湾局は火曜日の夜の会議のあと、沖の二つの島へ向かうフェリーを今月末で運休すると発表した。会"
        "議は深夜まで続いた。",
        "二つの島には一年を通じておよそ四百人が暮らしている。多くは対岸で働き、一日に二度海を渡り、夏"
        "には大勢の観光客と乗り合わせる。",
        "小さいほうの島でただ一軒の店を営むイングリッドさんは「今週まで誰も何も教えてくれなかった」と"
        "話す。冬の小麦粉と灯油をまとめて注文するという。",
        "港湾局は古いエンジンが理由だとしている。新しいものは二百万かかり、航路の九年分の収入を上回る"
        "うえ、造船所は春まで納品できない。",
    ),
    "ko": (
        "항만청은 화요일 밤 늦게까지 이어진 회의를 마친 뒤 먼바다의 두 섬으로 가는 여객선 운항을 "
        "이달 말에 중단한다고 발표했으며 양측은 끝내 아무런 합의도 보지 못했다고 덧붙였다.",
        "두 섬에는 일 년 내내 약 사백 명이 살고 있다. 주민 대부분은 건너편 육지에서 일하며 하루에 두 "
        "번씩 바다를 건너고 여름이면 수천 명의 관광객과 함께 배를 탄다고 한다.",
        "작은 섬에서 하나뿐인 가게를 하는 잉그리드 씨는 이번 주까지 아무도 우리에게 말해 주지 "
        "않았다고 전했다. 그는 이제 겨울을 날 밀가루와 등유를 한꺼번에 주문해 두려고 한다.",
        "항만청은 낡은 엔진을 이유로 들었다. 새 엔진은 이백만이 들어 이 항로가 구 년 동안 버는 "
        "돈보다 많고 조선소는 내년 봄이 오기 전에는 납품할 수 없다고 한다.",
    ),
}

settings.register_profile(
    "suite", deadline=None, derandomize=ON_CI, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")


@pytest.fixture
def shared() -> Path:
    """The optional folder of real pages beside the checkout."""
    if not SHARED.is_dir():
        reason = f"needs the optional folder {SHARED.name}/ beside the checkout"
        if ON_CI:
            print(f"skipped: {reason}", file=sys.__stderr__)
        pytest.skip(reason)
    return SHARED


@pytest.fixture
def interruptible() -> Iterator[None]:
    """SIGINT ends processes that the test starts, also where the tests run as a job in the background: shells
    have such a job ignore it, and children inherit that."""
    before = signal.getsignal(signal.SIGINT)
    if before == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def squash(texts: str | Iterable[str]) -> str:
    """Letters and digits only: what must never be lost, whatever becomes of spaces and marks."""
    text = texts if isinstance(texts, str) else " ".join(texts)
    return re.sub(r"[\W_]+", "", text)


def page_of(*blocks: str | tuple[Role, str]) -> Page:
    """A text page with these blocks; a pair names the role first."""
    plain: Role = "paragraph"
    pairs = [(plain, block) if isinstance(block, str) else block for block in blocks]
    return Page("text", tuple(Block(number, text, role) for number, (role, text) in enumerate(pairs)))


@contextmanager
def ends(seconds: int = PATIENCE) -> Iterator[None]:
    """Fail with a traceback if the body takes longer: a hang is a failure, not a wait."""

    def give_up(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"still busy after {seconds} s")

    assert sys.__stderr__ is not None
    faulthandler.dump_traceback_later(2 * seconds, exit=True, file=sys.__stderr__)  # where no signal gets in
    before = signal.signal(signal.SIGALRM, give_up) if hasattr(signal, "SIGALRM") else None
    try:
        if before is not None:
            signal.alarm(seconds)
        yield
    finally:
        if before is not None:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, before)
        faulthandler.cancel_dump_traceback_later()
