"""Two other matchers from PyPI, each in an environment of its own, on markets that ours gets too.

Both call their package `matching`, as ours is called, so neither may ever be installed beside
it. It refuses to compare unlike things: the same people, the same scores, the same pairs barred.
"""

import json
import subprocess
import sys
import time
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from matching.matrices import assign

_PATIENCE = 200.0
_FACTS = ("grade", "organisation", "profession", "role")

# What both sides invent alike: whole numbers, and nobody from one's own organisation.
_PEOPLE = """
import json, random, sys, time
def people(n, m):
    draw = random.Random(f"{n} {m}")
    def one(senior):
        return {
            # It takes two without a name or an address for one and the same.
            "email": f"{draw.getrandbits(64)}@example.org",
            "grade": draw.randint(1, 5) + senior,
            "organisation": draw.randrange(12),
            "profession": draw.randrange(8),
            "role": draw.randrange(20),
        }
    return [one(0) for _ in range(n)], [one(2) for _ in range(m)]
def score(mentor, mentee):
    apart = mentor["grade"] - mentee["grade"]
    return (
        30 * (apart >= 1) + 12 * (apart >= 3)
        + 20 * (mentor["profession"] == mentee["profession"])
        + 7 * (mentor["role"] == mentee["role"])
    )
"""

_ROUNDS = (
    _PEOPLE
    + """
import operator
from matching import process
from matching.mentee import Mentee
from matching.mentor import Mentor
from matching.rules import rule as rl
n = int(sys.argv[1])
mentees, mentors = people(n, n)
rules = [
    rl.Disqualify(lambda match: match.mentor.organisation == match.mentee.organisation),
    rl.Grade(1, operator.ge, {True: 30, False: 0}),
    rl.Grade(3, operator.ge, {True: 12, False: 0}),
    rl.Equivalent("profession", {True: 20, False: 0}),
    rl.Equivalent("role", {True: 7, False: 0}),
]
started = time.perf_counter()
done, _ = process.process_data(
    [Mentor(**one) for one in mentors], [Mentee(**one) for one in mentees], [rules]
)
seconds = time.perf_counter() - started
total = sum(
    score(vars(mentor), vars(mentee)) for mentor in done for mentee in mentor.mentees
)
print(json.dumps({"seconds": seconds, "objective": total}))
"""
)

_STABLE = (
    _PEOPLE
    + """
import threading
from matching.games import HospitalResident
n = int(sys.argv[1])
mentees, mentors = people(n, n // 2)
def allowed(i, j):
    return mentees[i]["organisation"] != mentors[j]["organisation"]
def run():
    started = time.perf_counter()
    worth = [[score(mentor, mentee) for mentor in mentors] for mentee in mentees]
    mine = {
        f"e{i}": [f"m{j}" for j in sorted(range(n // 2), key=lambda j: -worth[i][j]) if allowed(i, j)]
        for i in range(n)
    }
    theirs = {
        f"m{j}": [f"e{i}" for i in sorted(range(n), key=lambda i: -worth[i][j]) if allowed(i, j)]
        for j in range(n // 2)
    }
    game = HospitalResident.create_from_dictionaries(mine, theirs, {f"m{j}": 2 for j in range(n // 2)})
    found = game.solve()
    seconds = time.perf_counter() - started
    total = sum(
        worth[int(mentee.name[1:])][int(mentor.name[1:])]
        for mentor, taken in found.items() for mentee in taken
    )
    print(json.dumps({"seconds": seconds, "objective": total}))
# Its players point at each other, and it copies them one inside the other.
sys.setrecursionlimit(10**7)
threading.stack_size(1 << 29)
thread = threading.Thread(target=run)
thread.start()
thread.join()
"""
)


@dataclass(frozen=True)
class Peer:
    """Another matcher: what to install, how it is asked, and how many mentors of which capacity."""

    name: str
    packages: Sequence[str]
    program: str
    sizes: Sequence[int]
    mentees_per_mentor: int


PEERS = (
    Peer(
        "mentor-match 7.0.1",
        ("mentor-match==7.0.1", "munkres==1.1.4"),
        _ROUNDS,
        (200, 500, 1000),
        1,
    ),
    Peer("matching 1.4.3", ("matching==1.4.3",), _STABLE, (200, 500), 2),
)


class NotInstalled(Exception):  # noqa: N818 - the machine may simply have no network
    """A peer that cannot be had here."""


def installed(peer: Peer, folder: Path) -> Path:
    """The Python of an environment with this peer alone. Raises NotInstalled."""
    place = folder / peer.name.split()[0]
    venv.create(place, with_pip=True)
    python = place / "bin" / "python"
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", *peer.packages],
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE,
    )
    if done.returncode:
        raise NotInstalled(peer.name)
    return python


def theirs(peer: Peer, python: Path, size: int) -> dict[str, float]:
    """Seconds and objective of the peer; it must not see our packages."""
    done = subprocess.run(
        [python, "-I", "-c", peer.program, str(size)],
        capture_output=True,
        text=True,
        check=True,
        timeout=_PATIENCE,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def ours(peer: Peer, size: int) -> dict[str, float]:
    """The same people by `matching.assign`: scored, solved and proved."""
    space: dict[str, Any] = {}
    exec(_PEOPLE, space)
    per = peer.mentees_per_mentor
    mentees, mentors = space["people"](size, size // per)
    started = time.perf_counter()
    mine, them = (
        {key: np.array([one[key] for one in side]) for key in _FACTS} for side in (mentees, mentors)
    )
    apart = them["grade"][None, :] - mine["grade"][:, None]
    same = {key: them[key][None, :] == mine[key][:, None] for key in mine}
    scores = 30 * (apart >= 1) + 12 * (apart >= 3) + 20 * same["profession"] + 7 * same["role"]
    found = assign(scores, np.full(size // per, per), forbidden=same["organisation"])
    seconds = time.perf_counter() - started
    assert found.objective == found.bound
    return {"seconds": seconds, "objective": found.objective / 1_000_000}


def python_version() -> str:
    """Whose numbers these are."""
    return sys.version.split()[0]
