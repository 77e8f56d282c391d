"""What invented people say about themselves: expertise, statements and goals, by theme.

Sentences are put together from parts so that a word-based comparison of goals and
expertise finds real common ground. Themes are the mandate tasks of the reference data.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Texts = NDArray[np.object_]

TOPICS: dict[str, tuple[str, ...]] = {
    "CEASEFIRE_MONITORING": (
        "ceasefire verification with both chains of command",
        "joint observation patrols along a disengagement line",
        "liaison between armies after violations of a truce",
        "impartial incident reporting by military observers",
    ),
    "CHILD_PROTECTION": (
        "release of children from armed groups",
        "action plans against grave violations of children's rights",
        "child protection advice to force and police commanders",
    ),
    "CONFLICT_PREVENTION": (
        "early warning networks and quiet preventive diplomacy",
        "analysis of election-related tension before it turns violent",
        "regional prevention strategies with neighbouring governments",
    ),
    "DDR": (
        "disarmament and demobilization of former combatants",
        "community violence reduction and reintegration projects",
        "cantonment of signatory armed groups",
    ),
    "ELECTORAL_SUPPORT": (
        "technical assistance to an electoral commission",
        "security and logistics of a national election",
        "mediation of electoral disputes and a code of conduct for parties",
    ),
    "EXTENSION_OF_STATE_AUTHORITY": (
        "return of prefects and magistrates to remote districts",
        "restoration of local administration and public services",
        "decentralization and fiscal transfers to provinces",
    ),
    "GOOD_OFFICES": (
        "good offices with heads of State and opposition leaders",
        "shuttle diplomacy under sustained public pressure",
        "confidential political dialogue on constitutional reform",
    ),
    "HUMANITARIAN_ACCESS": (
        "humanitarian access negotiations with non-State armed groups",
        "civil-military coordination of relief convoys",
        "triple-hat coordination of country team and humanitarian partners",
    ),
    "HUMAN_RIGHTS": (
        "human rights due diligence for support to national forces",
        "public human rights reporting and protection of witnesses",
        "transitional justice and accountability for atrocity crimes",
    ),
    "INVESTIGATION_SUPPORT": (
        "collection and preservation of evidence of international crimes",
        "digital evidence and chain of custody with national judges",
    ),
    "MEDIATION": (
        "mediation between fragmented armed movements",
        "design of an inclusive peace process with women negotiators",
        "drafting of power-sharing and security annexes",
        "back-channel talks hosted by regional guarantors",
    ),
    "MINE_ACTION": (
        "clearance of mines and improvised explosive devices",
        "mine risk education and weapons and ammunition management",
    ),
    "PEACE_AGREEMENT_SUPPORT": (
        "monitoring of a peace agreement with its signatories",
        "follow-up mechanisms and guarantees for a comprehensive agreement",
        "sequencing of interim security arrangements",
    ),
    "POLICE_DEVELOPMENT": (
        "reform and vetting of a national police service",
        "community-oriented policing and formed police units",
        "co-location and mentoring of national investigators",
    ),
    "PROTECTION_OF_CIVILIANS": (
        "protection of civilians under imminent threat around displacement sites",
        "mobile bases, community alert networks and robust patrols for civilians",
        "protection planning that joins force, police and civilian sections",
        "crisis response to intercommunal attacks on civilians",
    ),
    "RECONCILIATION": (
        "local reconciliation between herders and farmers",
        "truth commissions and dialogue among religious leaders",
        "intercommunal peace conferences and women's mediation councils",
    ),
    "REGIONAL_COOPERATION": (
        "cross-border cooperation on water, trade and security",
        "partnership with regional economic communities and the African Union",
        "regional strategies for the Sahel and the Great Lakes",
    ),
    "RULE_OF_LAW": (
        "rebuilding of courts, prisons and a special criminal tribunal",
        "access to justice and reform of penal institutions",
        "judicial independence and anti-corruption courts",
    ),
    "SANCTIONS_SUPPORT": (
        "support to sanctions committees and arms embargo monitoring",
        "tracing of illicit natural resources that finance armed groups",
    ),
    "SECURITY_SECTOR_REFORM": (
        "security sector reform and integration of rival forces",
        "civilian oversight of defence budgets and command structures",
        "national security dialogue and payroll reform of the army",
    ),
    "TRANSITIONAL_ADMINISTRATION": (
        "transitional administration with executive authority",
        "building of institutions towards self-government",
    ),
    "TRANSITION_AND_DRAWDOWN": (
        "drawdown of a large mission and handover to the country team",
        "liquidation of camps, staff separation and asset transfer",
        "transition planning from peacekeeping to a political office",
    ),
    "WOMEN_PEACE_AND_SECURITY": (
        "women's participation in negotiations and local peacebuilding",
        "prevention of conflict-related sexual violence",
        "gender parity among mission leadership and patrol teams",
    ),
}

_OPENINGS = (
    "Led",
    "Long practice in",
    "Directed a mission's work on",
    "Built from nothing a programme for",
    "Advised two governments on",
    "Known for patient work on",
    "Rescued a stalled effort on",
    "Has taught and written about",
)
_SETTINGS = (
    "in a francophone capital after a coup",
    "across a vast territory with few roads",
    "during a contested transition",
    "while the mission was downsizing",
    "in an Arabic-speaking region under siege",
    "with a divided Security Council behind the mandate",
    "beside a regional force and bilateral partners",
    "in the first months of a new mission",
    "amid disinformation against the mission",
    "with a small team and a large area",
)
_CRAFTS = (
    "Comfortable with budgets, performance compacts and difficult staff decisions.",
    "Draws calm from uniformed and civilian colleagues alike in a crisis.",
    "Works the press in several languages and coaches spokespersons.",
    "Keeps a leadership team together when headquarters and host State disagree.",
    "Has run security evacuations and duty-of-care cases.",
    "Integrates political, military and humanitarian planning in one cell.",
    "Handles troop contributors and their caveats with patience.",
    "Made conduct and discipline a daily matter of command.",
)
_WISHES = (
    "I want to learn how others handled {topic}.",
    "In my first months I need a sounding board on {topic}.",
    "My hardest file is {topic}, and I have not done it before.",
    "I would like to grow in {topic} {setting}.",
    "Next year brings {topic}; I want to avoid old mistakes.",
)
_NEEDS = (
    "I also look for advice on leading deputies with strong mandates of their own.",
    "I also hope to speak frankly about a tense relation with the host government.",
    "Coming from outside the United Nations, I need to understand its unwritten rules.",
    "It matters to me to keep my team motivated through budget cuts.",
    "I want to prepare better for briefings to the Security Council.",
    "Balancing command and diplomacy is new for me.",
    "",
)
_OFFERS = (
    "I listen first and share what I got wrong.",
    "I can offer an hour every three weeks, more in a crisis.",
    "I prefer concrete cases to theory.",
    "I am glad to support colleagues who come from outside the system.",
    "I can also speak about family, health and leaving well.",
)


@dataclass(frozen=True)
class Sentences:
    """All sentences on every theme, and a few that belong to none."""

    by_theme: tuple[Texts, ...]
    crafts: Texts


def sentences() -> Sentences:
    """Every opening with every topic and setting, theme by theme in the order of `TOPICS`."""
    by_theme = tuple(
        np.array(
            [
                f"{first} {topic} {last}."
                for first in _OPENINGS
                for topic in topics
                for last in _SETTINGS
            ],
            object,
        )
        for topics in TOPICS.values()
    )
    return Sentences(by_theme, np.array([f" {craft}" for craft in _CRAFTS], object))


def goals(rng: np.random.Generator, tasks: Sequence[str]) -> str:
    """What a mentee hopes for, about one or two of these mandate tasks."""
    known = [task for task in tasks if task in TOPICS] or ["GOOD_OFFICES"]
    chosen = rng.permutation(known)[: 1 + int(rng.integers(2))]
    wishes = [
        str(rng.choice(_WISHES)).format(
            topic=rng.choice(TOPICS[task]), setting=rng.choice(_SETTINGS)
        )
        for task in chosen
    ]
    return " ".join([*wishes, str(rng.choice(_NEEDS))]).strip()


def statement(rng: np.random.Generator, themes: Sequence[str]) -> str:
    """How a mentor presents the offer."""
    topics = [str(rng.choice(TOPICS[theme])) for theme in themes]
    return f"I can help with {' and with '.join(topics)}. {rng.choice(_OFFERS)}"
