"""Decoding at the edge: real charsets, true and false declarations, broken bytes, binary rubbish."""

from __future__ import annotations

import codecs
import gzip
import json
import random
import re
import subprocess
import sys
import unicodedata
import zlib
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.encoding import Decoded, decode
from dedupe.errors import EncodingError, InputError

TEXTS = {
    "zh-Hans": (
        "市政府昨天宣布，连接老城与新港的轻轨将在明年春天开工。全线长二十三公里，设十五个车站，预计四年后通车。"
        "负责人说，工程不会占用河边的公园，沿线商店在施工期间可以申请补助。附近居民对此看法不一：有人盼望少堵车，"
        "也有人担心房租上涨。交通专家认为，公共汽车的路线必须同时调整，否则新车站的作用有限。“我们每天要花一个半小时上班，”"
        "一位女教师告诉记者，“如果真的能缩短一半，大家都会高兴。”议会下周将讨论预算。"
    ),
    "zh-Hant": (
        "市政府昨天宣布，連接舊城與新港的輕軌將在明年春天動工。全線長二十三公里，設十五個車站，預計四年後通車。"
        "負責人說，工程不會佔用河邊的公園，沿線商店在施工期間可以申請補助。附近居民對此看法不一：有人盼望少塞車，"
        "也有人擔心房租上漲。交通專家認為，公車的路線必須同時調整，否則新車站的作用有限。「我們每天要花一個半小時上班，」"
        "一位女老師告訴記者，「如果真的能縮短一半，大家都會高興。」議會下週將討論預算。"
    ),
    "ja": (
        "市は昨日、旧市街と新しい港を結ぶ路面電車の工事を来年の春に始めると発表した。全長は二十三キロ、駅は十五か所で、"
        "四年後の開業を目指す。担当者によると、川沿いの公園は工事に使わず、沿線の店には工事中の補助金を出すという。"
        "住民の意見は分かれている。渋滞が減ることを期待する人もいれば、家賃が上がることを心配する人もいる。専門家は"
        "「バスの路線も同時に見直さなければ、新しい駅の効果は小さい」と話している。議会は来週、予算を審議する。"
    ),
    "ko": (
        "시는 어제 옛 시가지와 새 항구를 잇는 경전철 공사를 내년 봄에 시작한다고 발표했다. 전체 길이는 23킬로미터이고 "
        "정거장은 열다섯 곳이며 4년 뒤에 개통할 예정이다. 담당자는 강변 공원은 공사에 쓰지 않을 것이며 주변 가게는 공사 "
        "기간에 지원금을 신청할 수 있다고 말했다. 주민들의 의견은 서로 다르다. 길이 덜 막히기를 바라는 사람도 있지만 집세가 "
        "오를까 걱정하는 사람도 있다. 전문가들은 버스 노선도 함께 바꾸어야 한다고 지적한다. 의회는 다음 주에 예산을 논의한다."
    ),
    "ru": (
        "Мэрия вчера сообщила, что строительство трамвайной линии между старым городом и новым портом начнётся весной "
        "будущего года. Длина линии составит двадцать три километра, на ней будет пятнадцать остановок, а движение откроют "
        "через четыре года. Прибрежный парк, по словам чиновников, не пострадает. Жители спорят: одни надеются, что станет "
        "меньше пробок, другие боятся, что подорожает жильё. Совет обсудит бюджет на следующей неделе."
    ),
    "pl": (
        "Ratusz ogłosił wczoraj, że budowa linii tramwajowej łączącej stare miasto z nowym portem ruszy wiosną przyszłego "
        "roku. Trasa będzie miała dwadzieścia trzy kilometry i piętnaście przystanków, a pierwsi pasażerowie pojadą za cztery "
        "lata. Urzędnicy zapewniają, że park nad rzeką nie ucierpi. Mieszkańcy są podzieleni: jedni liczą na mniejsze korki, "
        "drudzy boją się wyższych czynszów. Źródła w radzie mówią, że budżet będzie głosowany w przyszłym tygodniu."
    ),
    "de": (
        "Die Stadt hat gestern angekündigt, dass der Bau der Straßenbahn zwischen der Altstadt und dem neuen Hafen im "
        "nächsten Frühjahr beginnt. Die Strecke wird dreiundzwanzig Kilometer lang, fünfzehn Haltestellen sind geplant, "
        "und in vier Jahren sollen die ersten Züge fahren. Der Park am Fluss bleibt unberührt, heißt es im Rathaus. Die "
        "Anwohner sind geteilter Meinung: Manche hoffen auf weniger Staus, andere fürchten höhere Mieten."
    ),
    "fr": (
        "La mairie a annoncé hier que les travaux du tramway reliant la vieille ville au nouveau port commenceront au "
        "printemps prochain. La ligne, longue de vingt-trois kilomètres, comptera quinze arrêts et sera ouverte dans quatre "
        "années. Le parc situé au bord de la rivière sera préservé, assure l'équipe chargée du projet. Les habitants sont "
        "partagés : les uns espèrent moins d'embouteillages, les autres redoutent déjà la hausse des loyers."
    ),
    "el": (
        "Ο δήμος ανακοίνωσε χθες ότι η κατασκευή του τραμ ανάμεσα στην παλιά πόλη και το νέο λιμάνι θα αρχίσει την επόμενη "
        "άνοιξη. Η γραμμή θα έχει μήκος είκοσι τρία χιλιόμετρα και δεκαπέντε στάσεις, ενώ θα ανοίξει σε τέσσερα χρόνια. "
        "Άλλοι κάτοικοι ελπίζουν ότι θα μειωθεί η κίνηση στους δρόμους, άλλοι φοβούνται πως θα ακριβύνουν τα ενοίκια. Το "
        "συμβούλιο θα συζητήσει τον προϋπολογισμό την ερχόμενη εβδομάδα."
    ),
    "tr": (
        "Belediye dün, eski şehir ile yeni limanı birbirine bağlayacak tramvay hattının yapımına gelecek ilkbaharda "
        "başlanacağını açıkladı. Yirmi üç kilometre uzunluğundaki hatta on beş durak olacak ve ilk yolcular dört yıl sonra "
        "taşınacak. Yetkililer ırmak kıyısındaki parkın korunacağını söylüyor. İnsanlar ikiye bölünmüş durumda: kimileri "
        "trafiğin azalmasını umuyor, kimileri ise kiraların artmasından çekiniyor."
    ),
    "ar": (
        "أعلنت البلدية أمس أن أعمال بناء خط الترام الذي يربط المدينة القديمة بالميناء الجديد ستبدأ في الربيع القادم. ويبلغ طول "
        "الخط ثلاثة وعشرين كيلومترا، وفيه خمس عشرة محطة، ومن المنتظر أن يفتح أمام الركاب بعد أربع سنوات. وقال مسؤول المشروع إن "
        "الحديقة القريبة من النهر لن تتضرر، وإن أصحاب المحلات يمكنهم طلب المساعدة خلال فترة العمل. وسيناقش المجلس الميزانية في "
        "الأسبوع المقبل."
    ),
    "th": (
        "เทศบาลประกาศเมื่อวานนี้ว่าการก่อสร้างรถรางเชื่อมเมืองเก่ากับท่าเรือแห่งใหม่จะเริ่มขึ้นในฤดูใบไม้ผลิปีหน้า เส้นทางยาวยี่สิบสามกิโลเมตร "
        "มีสิบห้าสถานี และจะเปิดให้บริการในอีกสี่ปี เจ้าหน้าที่กล่าวว่าสวนสาธารณะริมแม่น้ำจะไม่ได้รับผลกระทบ ชาวบ้านบางคนหวังว่ารถจะติดน้อยลง "
        "แต่บางคนกังวลว่าค่าเช่าบ้านจะแพงขึ้น สภาเมืองจะพิจารณางบประมาณในสัปดาห์หน้า"
    ),
    "he": (
        "העירייה הודיעה אתמול כי בניית קו הרכבת הקלה בין העיר העתיקה לבין הנמל החדש תתחיל באביב הבא. אורך הקו יהיה עשרים "
        "ושלושה קילומטרים, יהיו בו חמש עשרה תחנות, והוא ייפתח בעוד ארבע שנים. התושבים חלוקים בדעתם: יש המקווים לפחות פקקים, "
        "ויש החוששים מעליית שכר הדירה. המועצה תדון בתקציב בשבוע הבא."
    ),
    "cs": (
        "Radnice včera oznámila, že stavba tramvajové trati mezi starým městem a novým přístavem začne příští jaro. Trať bude "
        "dlouhá třiadvacet kilometrů, bude mít patnáct zastávek a první cestující sveze za čtyři roky. Park u řeky zůstane "
        "zachován, ujišťují úředníci. Obyvatelé se neshodnou: někteří doufají v méně zácp, jiní se bojí, že nájmy porostou."
    ),
}
#: Label in a declaration → Python's codec.
CHARSETS = {
    "zh-Hans": {"gb2312": "gb2312", "gbk": "gbk", "gb18030": "gb18030"},
    "zh-Hant": {"big5": "cp950", "big5-hkscs": "big5hkscs", "gbk": "gbk"},
    "ja": {"shift_jis": "cp932", "euc-jp": "euc_jp"},
    "ko": {"euc-kr": "euc_kr", "ks_c_5601-1987": "cp949"},
    "ru": {"windows-1251": "cp1251", "koi8-r": "koi8_r", "iso-8859-5": "iso8859_5"},
    "pl": {"windows-1250": "cp1250", "iso-8859-2": "iso8859_2"},
    "cs": {"windows-1250": "cp1250", "iso-8859-2": "iso8859_2"},
    "de": {"windows-1252": "cp1252", "iso-8859-1": "latin_1", "iso-8859-15": "iso8859_15"},
    "fr": {"windows-1252": "cp1252", "iso-8859-1": "latin_1", "iso-8859-15": "iso8859_15"},
    "el": {"windows-1253": "cp1253", "iso-8859-7": "iso8859_7"},
    "tr": {"windows-1254": "cp1254", "iso-8859-9": "iso8859_9"},
    "ar": {"windows-1256": "cp1256", "iso-8859-6": "iso8859_6"},
    "th": {"windows-874": "cp874", "tis-620": "tis_620"},
    "he": {"windows-1255": "cp1255", "iso-8859-8": "iso8859_8"},
}
UNICODE = ("utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "utf-16", "utf-32")
LEGACY = [(language, label) for language, labels in CHARSETS.items() for label in labels]
