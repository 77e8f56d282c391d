"""Whether the targets tell the same: facts compared before anything is timed.

It refuses errors in any answer, and a floor that carries another weight than Cadre.
"""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from tests.bench import loads
from tests.bench.questions import Question
from tests.bench.targets import FLOOR, Target


class Differs(Exception):  # noqa: N818 - what it says is a finding about the answers
    """Targets that do not answer alike cannot be compared."""


def check(body: bytes, target: str, question: str) -> Any:
    """The answer's data; refuses one with errors, of the request or of a payload."""
    answer = orjson.loads(body)
    data = answer.get("data")
    payloads = [value for value in (data or {}).values() if isinstance(value, dict)]
    if data is None or answer.get("errors") or any(each.get("errors") for each in payloads):
        raise Differs(f"{target} answers {question} with errors: {body[:1000]!r}")
    return data


def compare(question: Question, targets: Sequence[Target], persons: Sequence[int]) -> None:
    """Refuses unless all targets tell the same about these people of the same world."""
    asked = [each for each in targets if question.name in each.questions]
    if question.is_written or len(asked) < 2:
        return
    for person in persons:
        bodies = {each.name: _answer(each, question, person) for each in asked}
        told = {
            name: _plain(check(body, name, question.name))
            for name, body in bodies.items()
            if name != FLOOR
        }
        first = next(iter(told))
        for name, facts in told.items():
            if facts != told[first]:
                raise Differs(f"{name} and {first} differ on {question.name}: {facts!r:.2000}")
        weights = (len(bodies[FLOOR]), len(bodies[first])) if FLOOR in bodies else (1, 1)
        if max(weights) > 1.1 * min(weights) + 200:
            raise Differs(f"{first} and its floor differ in bytes on {question.name}: {weights}")


def _answer(target: Target, question: Question, person: int) -> bytes:
    load = loads.Load(target.worker.port, [target.request(question, person)], 1, 0.0)
    return loads.run(load).samples[0]


def _plain(value: Any, name: str = "") -> Any:
    """The facts without the shape of the list, and without how either side writes them."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        if "edges" in value:
            value = {**value, "nodes": [edge["node"] for edge in value["edges"]]}
        kept = {key: item for key, item in value.items() if key not in {"edges", "endCursor"}}
        listed = {key: _plain(item, key) for key, item in kept.items()}
        return listed["nodes"] if set(listed) == {"nodes"} else listed
    if name == "id":
        return _key(value)
    if name == "createdAt":
        return datetime.fromisoformat(value)
    return value


def _key(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return value
