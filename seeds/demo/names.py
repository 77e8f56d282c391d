"""Invented names: syllables put together by a seeded generator, in many styles.

No list of real people stands behind them. Whoever meets such a name in Cadre can
tell it by `is_invented`; the names themselves only try to be sayable.
"""

# ruff: noqa: RUF001 - some names are meant to be Cyrillic and Greek.

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Names = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Syllables:
    """How one style builds names: head and tail, with a family's middle now and then."""

    given: str
    female: str
    male: str
    family: str
    middle: str
    tail: str
    joint: str = "-"


STYLES: dict[str, Syllables] = {
    "sahel": Syllables(
        "Ama Binta Dou Fanta Kous Mari Nafi Oumi Sali Yaka Téné Zara",
        "ta lou né rima séta ye nina",
        "dou kary mako ro bou né lif",
        "Kona Diara Tamba Sogo Bala Ouédri Kabo Ndia Samba Zongri Mous",
        "ri lo ma sou",
        "kouré dembé ngaré lassi bouma tara yodé goré",
    ),
    "congo": Syllables(
        "Béa Clari Domi Espé Firmi Gra Jos Léon Merve Pros Sylva Wivi",
        "ndine lène sia tine rette vie",
        "nda lin per mond tien vé",
        "Mabi Ngo Tshila Ilun Kasa Loma Mpo Obia Ruka Wembo Zola",
        "la ku nga mbo",
        "kendi mbeki ngwala lumbi ssamba tondo vuka",
    ),
    "lakes": Syllables(
        "Aki Cheb Imma Jelo Kamo Luci Nyam Odha Rehe Tabi Umu Wanj",
        "na tesi ra keza lia wini",
        "ro mba no lisi bo wiru",
        "Achi Ndemo Kiba Mureni Okwa Rubi Tumwe Wekha Mbari Nziza Gasha",
        "nga mu ri ka",
        "ruko lando benzi temo kirwa gamba yenda mwezi",
    ),
    "horn": Syllables(
        "Abe Dess Fikre Haw Kidi Lem Meh Sena Tigi Yod Zewd Asm",
        "ra lem nesh eet wa ina",
        "u ael ene aw ashu eb",
        "Beke Dagna Gebru Hirut Kass Mula Nega Tessa Worko Yimer Zele",
        "me la sa ri",
        "yehu ndros tamo lleke wosen dargie masho",
    ),
    "maghreb": Syllables(
        "Ami Dou Fat Hay Ila Kar Lat Mour Nad Ras Sou Zin",
        "na ira eha nour ya ifa",
        "ad ir im oun ed is",
        "Ben-Amra Ben-Zaki Bou-Lami El-Karou Ould-Tami Ait-Sala Ben-Nour El-Wahi Bou-Daro",
        "",
        "ssi ni dine chi mri zoui",
    ),
    "levant": Syllables(
        "Ama Dal Fay Gha Han Jum Lay Maj Naz Rah Sam Wid",
        "ra ia een hal eeda ya",
        "er id eem oun al if",
        "al-Zaher al-Marw al-Dour al-Nuwa al-Khazr al-Sab al-Tahr al-Wakr al-Ghar",
        "",
        "ani awi eh oumi arri ini",
    ),
    "guinea": Syllables(
        "Abi Chi Efu Folu Ife Kwa Nana Obi Sefa Tolu Uzo Yaa",
        "ma nwe seye la dimma ra",
        "bo ku dele me chuk fo",
        "Adu Boa Ekwe Ikor Nwa Oduro Sese Tamba Agye Okpa Amoa",
        "bi ka la fu",
        "mensu teyan wole nkem badu riko kwani dara",
    ),
    "south": Syllables(
        "Bon Chip Dumi Lera Nand Tafa Sip Thob Nom Zine Kago Mpho",
        "iwe ile isa eka ani ola",
        "ani isi ewa iso o eki",
        "Dlami Khuma Mako Ndlo Phiri Sitho Chanda Moyo Nkala Tembo Zulwa",
        "ka ni le so",
        "reni tlana mbisi lovu nga dzwa kgosi",
    ),
    "lusophone": Syllables(
        "Adé Bran Carmé Fili Hele Joa Luci Mira Otá Rafa Tere Vasc",
        "lia na ina ela zia nda",
        "lio no nho ino via ndo",
        "Alvo Brandei Carval Ferrou Moura Pesso Quinte Salva Tavei Vidrei",
        "ri lo",
        "lhosa rinho ndal mira ssedo vares zende",
        " ",
    ),
    "hispanic": Syllables(
        "Alba Cami Dela Estel Fabri Ine Jaco Lore Maru Pilo Rena Xime",
        "ria lia na ita sa ndra",
        "rio lio no to so ndro",
        "Arra Bece Cordo Echev Garza Ibarr Monte Olmed Quiro Salda Urru",
        "le ri",
        "vando tierra ndoza lente quera roya sillas negral",
        " ",
    ),
    "creole": Syllables(
        "Adel Clau Fabi Gerl Jess Mirl Nath Rose Sabi Wide Yvel Ketl",
        "ine andre yse lande line otte",
        "in el son ner ard ot",
        "Beau Char Des Fleur Jean Mont Pierre Saint Val Ville",
        "",
        "rimond velais gardin brune sauveur clairmé",
    ),
    "anglo": Syllables(
        "Ada Bren Cali Dev Eri Fre Hay Jori Kerr Mae Rowa Tam",
        "lyn na lie dra sa la",
        "ton den an by ric lan",
        "Ash Brack Calder Dun Elder Fen Green Hollo Kirk Marl Thorn Wester",
        "en er ing",
        "wick holt bury more field ley stowe garth",
    ),
    "gallic": Syllables(
        "Amé Bla Céli Dori Éli Florè Hono Josi Loui Mathi Océ Théo",
        "lie nne ne lle ane ette",
        "lin nt len ric an phe",
        "Beau Chas Dela Fonte Garni Lamo Monta Perra Roche Ville Aubé",
        "re lle",
        "vray teroy ssard vigne mbeau rmont cheval",
    ),
    "nordic": Syllables(
        "Anni Bir Dag Elsi Frey Hil Ing Jor Kaj Lin Sól Tor",
        "a gitte mar ne rid vi",
        "ge nar mund rik stein vald",
        "Berg Dal Elv Fjell Grøn Hav Lind Nørr Sten Vest Åker Øst",
        "e a",
        "ström brink holt vik mark sund hagen wald",
    ),
    "hellenic": Syllables(
        "Ari Chry Dimi Eva Kalli Leo Myr Niko The Zoi",
        "na ssa tra nthi lia ni",
        "nos kos tris ndros lis mos",
        "Anag Chari Drak Galan Karas Lampr Mavr Papad Stath Vlach",
        "o a",
        "takis melis noudis ridis poulas kellis",
    ),
    "slavic": Syllables(
        "Alen Bori Dara Jadvi Katri Ludmi Mili Neven Rado Sveta Ves Zori",
        "ka na la sa nka mira",
        "slav mir an ek ran dan",
        "Varen Bogdar Drag Koval Lisen Milov Novar Petr Rosto Stan Zelen",
        "o e",
        "ković enski ová renko tić marov šević lenta",
    ),
    "steppe": Syllables(
        "Aig Bah Dil Emi Gul Jam Kay Lale Nur Sev Tam Zar",
        "ul ar noza ra im ane",
        "bek an oz ur mat dar",
        "Abdur Bayra Demir Erga Kara Mirza Orun Sari Tashk Yild Zhan",
        "a i",
        "beyov tepeli nbaev rzade koğlu shvili myan",
    ),
    "south_asia": Syllables(
        "Anu Bish Chand Dee Fari Ila Kama Manis Nila Rukhs Shir Tara",
        "na ika ya ma een ali",
        "esh al an it ar uddin",
        "Adhik Bhatta Chakri Dhara Ghosa Jaya Karim Malho Rahma Siddha Thap",
        "a i",
        "ravat lpuri ntaka sinhal wardeen magar dhyay",
    ),
    "east_asia": Syllables(
        "Bao Chen Dong Hye Jia Kyu Lan Min Ruo Soo Wei Yun",
        "-ying -hua -mei -lin -ae -ra",
        "-jun -feng -ho -tao -gil -lei",
        "Quo Bae Cheo Ghan Hwae Jeun Liao Nguo Shao Tsei Woon Xue",
        "",
        "ng n m ri k wen",
        "",
    ),
    "japanese": Syllables(
        "Aki Chiha Haru Kana Mizu Nao Rei Saku Tomo Yori",
        "ka ko mi na ne ra",
        "ro to shi ya ki ta",
        "Asaha Fujino Hoshi Kuro Minas Naka Shira Tachi Ue Yama",
        "no ka",
        "zawari mizuki harado tanaru moriko sekiri",
    ),
    "archipelago": Syllables(
        "Adi Bunga Cita Dewa Intan Kartu Mela Ning Putri Ratri Suri Wulan",
        "ti sari ni wati na ra",
        "man to wan di ra no",
        "Ama Bagas Harto Kusu Lagun Mendo Prana Santo Tirta Wido Yuno",
        "ka ri",
        "wardana mojo salim zares tupang lestio ngoran",
    ),
    "pacific": Syllables(
        "Ana Fale Ioa Lani Mele Sina Tui Vai Wai Ulu",
        "na la sia ta vao lei",
        "ni lo fo toa mo ki",
        "Fono Kava Leau Matai Nuku Sala Tafu Vaka Tongi",
        "le fa",
        "sefo lagi niua mafi tolu rewa",
    ),
}

SCRIPTS: dict[str, Syllables] = {
    "slavic": Syllables(
        "Але Бори Дара Людми Мили Рад Свет Зори",
        "на ла ра нка",
        "слав мир дан рен",
        "Варен Богдар Ковал Лисен Новар Росто",
        "о е",
        "енко марев лента ровский",
    ),
    "levant": Syllables(
        "آما دال فاي هان ليا سام",
        "را نة ية ين",
        "ر يد يم ون",
        "الزاهر الدور النوا الخزر الطهر",
        "",
        "اني اوي ومي يني",
        " ",
    ),
    "hellenic": Syllables(
        "Αρι Δημι Εύα Λεο Νικο Ζωη",
        "να σσα τρα λια",
        "νος κος λις μος",
        "Αναγ Δρακ Γαλαν Λαμπρ Μαυρ",
        "ο α",
        "τάκης μέλης ρίδης πουλάς",
    ),
    "east_asia": Syllables(
        "宝 晨 若 云 岚 佳", "英 华 美 琳", "俊 峰 涛 磊", "阔 聊 绍 闻 玄", "", "安 原 禾 远", ""
    ),
}
"""A few people write their name in its own script; search must find them too."""


@dataclass(frozen=True)
class Pool:
    """Ready-made names of one style."""

    female: Names
    male: Names
    family: Names


def pools() -> dict[str, Pool]:
    """All names of every style, with those in their own script mixed in rarely."""
    made = {style: _pool(syllables) for style, syllables in STYLES.items()}
    for style, syllables in SCRIPTS.items():
        made[f"{style}:script"] = _pool(syllables)
    return made


def _pool(syllables: Syllables) -> Pool:
    return Pool(
        female=_joined(syllables.given, syllables.female),
        male=_joined(syllables.given, syllables.male),
        family=_families(syllables),
    )


def _joined(heads: str, tails: str) -> Names:
    return np.array([head + tail for head in heads.split() for tail in tails.split()], object)


def _families(syllables: Syllables) -> Names:
    middles = ["", *syllables.middle.split()]
    single = [
        head + middle + tail
        for head in syllables.family.split()
        for middle in middles
        for tail in syllables.tail.split()
    ]
    if not syllables.joint:
        return np.array(single, object)
    half = len(single) // 2
    # Every seventh bears two family names.
    double = [
        f"{left}{syllables.joint}{right}"
        for left, right in zip(single[:half:3], single[half::3], strict=False)
    ]
    return np.array(single + double, object)
