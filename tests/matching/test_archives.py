"""Models that survive being kept, and files that must never be opened."""

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from skops.io import dumps, loads

from matching import LEARNABLE, Lesson, Model, Step, learn
from matching.archives import LARGEST, NotTrusted, archived, restored
from matching.models import Isotonic
from tests.matching.cycles import outcomes
from tests.matching.test_adoptions import MODELS, a_model


def a_lesson(model: Model) -> Lesson:
    return Lesson(model.step, "It may be used.", {"rated": 400}, (), model)


@pytest.mark.parametrize("model", MODELS, ids=[one.step for one in MODELS])
@pytest.mark.parametrize("curve", [None, Isotonic(np.array([-1.0, 1.0]), np.array([0.1, 0.9]))])
def test_a_model_comes_back_as_it_was(model: Model, curve: Isotonic | None) -> None:
    kept = model if curve is None else Model(model.step, model.score, curve)
    archive = archived(a_lesson(kept))
    features = np.random.default_rng(0).random((50, len(LEARNABLE)))

    again = restored(archive.content, version=archive.version, sha256=archive.sha256)

    assert again.to_json() == kept.to_json()
    assert (again.probabilities(features) == kept.probabilities(features)).all()
    assert (again.score.contributions(features) == kept.score.contributions(features)).all()
    assert again.step is model.step


def test_what_is_kept_beside_it_says_all_that_was_learnt() -> None:
    lesson = learn(outcomes(300))

    archive = archived(lesson)

    assert lesson.model is not None
    assert archive.version == lesson.model.version
    assert archive.sha256 == hashlib.sha256(archive.content).hexdigest()
    record = json.loads(json.dumps(archive.record))
    assert record["verdict"] == lesson.verdict
    assert record["facts"]["rated"] == lesson.facts["rated"]
    assert record["trials"][0]["by_mentor"]["brier"] == lesson.trials[0].by_mentor.brier
    assert record["model"]["mentee"]["weights"] == lesson.model.score.models_[0].coef_.tolist()


def test_nothing_learnt_is_nothing_to_keep() -> None:
    with pytest.raises(ValueError, match="nothing was learnt: 0 mentorships are rated"):
        archived(Lesson(Step.EXPERT, "0 mentorships are rated.", {}, (), None))


def opened(content: bytes, version: str = "linear-000000000000") -> Model:
    """As it would be opened if whoever changed the file had changed its record too."""
    return restored(content, version=version, sha256=hashlib.sha256(content).hexdigest())


def forged(change: Callable[[Any], None]) -> bytes:
    """A good archive with its table of contents changed."""
    good = archived(a_lesson(MODELS[0])).content
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as source, zipfile.ZipFile(target, "w") as copy:
        for entry in source.namelist():
            data = source.read(entry)
            if entry == "schema.json":
                schema = json.loads(data)
                change(schema)
                data = json.dumps(schema).encode()
            copy.writestr(entry, data)
    return target.getvalue()


def test_a_forged_copy_without_a_change_opens() -> None:
    assert opened(forged(lambda schema: None), MODELS[0].version).digest == MODELS[0].digest


def test_other_bytes_than_those_recorded_are_refused() -> None:
    archive = archived(a_lesson(MODELS[0]))

    with pytest.raises(NotTrusted, match="SHA-256 differs from the one recorded"):
        restored(archive.content + b"\0", version=archive.version, sha256=archive.sha256)


def test_another_model_than_the_one_asked_for_is_refused() -> None:
    archive = archived(a_lesson(MODELS[0]))
    other = a_model(Step.BOOSTED).version

    with pytest.raises(NotTrusted, match=f"holds {archive.version}, but {other} was asked for"):
        restored(archive.content, version=other, sha256=archive.sha256)


class Hostile:
    """Leaves a mark as soon as it is made again."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __setstate__(self, state: dict[str, Any]) -> None:
        Path(state["mark"]).touch()


def test_a_type_of_somebody_else_is_refused_by_name_before_it_is_made(tmp_path: Path) -> None:
    hostile = Hostile(tmp_path / "mark")
    hostile.mark = str(tmp_path / "mark")  # type: ignore[assignment]
    content = dumps({"step": "LINEAR", "score": hostile, "calibration": None})

    with pytest.raises(NotTrusted, match=r"test_archives\.Hostile \(ObjectNode\)"):
        opened(content)
    assert not (tmp_path / "mark").exists()
    # It would have left its mark, had anybody trusted it.
    loads(content, trusted=[f"{Hostile.__module__}.Hostile"])
    assert (tmp_path / "mark").exists()


@pytest.mark.parametrize(
    ("thing", "name"),
    [
        (os.system, "system"),
        (partial(os.system, "true"), "functools.partial"),
        (LogisticRegression(), "LogisticRegression"),
        (make_pipeline(LogisticRegression()), "Pipeline"),
        (np.random.default_rng(0), "Generator"),
        ({1, 2}, "builtins.set"),
        (b"bytes", "builtins.bytes"),
    ],
)
def test_what_skops_itself_may_trust_is_refused_too(thing: Any, name: str) -> None:
    content = dumps({"step": "LINEAR", "score": thing, "calibration": None})

    with pytest.raises(NotTrusted, match=rf"types that are not allowed: .*{name} \("):
        opened(content)


@pytest.mark.parametrize(
    "change",
    [
        lambda schema: schema["content"]["score"].update(
            {"__class__": "Popen", "__module__": "os"}
        ),
        lambda schema: schema["content"]["score"].update({"__loader__": "MethodNode"}),
        lambda schema: schema["content"]["step"].update({"__class__": "eval"}),
        lambda schema: schema.update({"key_types": {"__loader__": "FunctionNode"}}),
    ],
)
def test_a_listed_name_in_the_wrong_place_is_refused(change: Callable[[Any], None]) -> None:
    with pytest.raises(NotTrusted, match="holds types that are not allowed"):
        opened(forged(change))


@pytest.mark.parametrize("content", [b"", b"not a zip", dumps({})[:-40]])
def test_bytes_that_are_no_archive_are_refused(content: bytes) -> None:
    with pytest.raises(NotTrusted, match="no archive of a model"):
        opened(content)


def test_a_small_file_that_unpacks_to_much_is_refused_unopened() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("schema.json", b" " * (LARGEST + 1))

    with pytest.raises(NotTrusted, match=f"unpacks to {LARGEST + 1} bytes"):
        opened(target.getvalue())
