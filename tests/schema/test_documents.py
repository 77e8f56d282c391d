"""The memory for documents: what it keeps, and that no stream of texts makes it grow."""

import pytest
from graphql import build_schema

from schema.documents import Document, DocumentRefused, Documents, OperationUnclear
from schema.limits import Limits

SCHEMA = build_schema("type Query { s: String }")


def remember(documents: Documents, text: str) -> Document:
    document = documents.parse(text)
    documents.validate(document, suggest=False)
    return document


def test_a_valid_document_is_parsed_and_validated_once() -> None:
    documents = Documents(SCHEMA, Limits())
    first = remember(documents, "{s}")
    assert first.valid
    assert documents.parse("{s}") is first


def test_an_invalid_document_is_forgotten() -> None:
    documents = Documents(SCHEMA, Limits())
    with pytest.raises(DocumentRefused):
        remember(documents, "{t}")
    assert not documents.parse("{t}").valid


def test_the_document_used_least_recently_is_forgotten_first() -> None:
    documents = Documents(SCHEMA, Limits(), characters=1200)
    kept, lost = remember(documents, "{a:s}"), remember(documents, "{b:s}")
    assert documents.parse("{a:s}") is kept
    remember(documents, "{c:s}")
    assert documents.parse("{a:s}") is kept
    assert documents.parse("{b:s}") is not lost


def test_long_texts_push_out_others_by_their_length() -> None:
    documents = Documents(SCHEMA, Limits(), characters=2000)
    short = remember(documents, "{s}")
    remember(documents, "{s}" + " " * 1000)
    assert documents.parse("{s}") is short
    remember(documents, "{s}" + " " * 1996)
    assert documents.parse("{s}") is not short


def test_texts_over_64_kb_are_not_remembered() -> None:
    documents = Documents(SCHEMA, Limits(characters=100_000))
    text = "{s}" + " " * 64_000
    document = remember(documents, text)
    assert documents.parse(text) is not document


def test_remembering_one_text_twice_counts_it_once() -> None:
    documents = Documents(SCHEMA, Limits(), characters=600)
    both = [documents.parse("{s}") for _ in range(5)]
    for document in both:
        documents.validate(document, suggest=False)
    assert documents.parse("{s}") is both[0]


@pytest.mark.parametrize(
    ("text", "name"),
    [("query A{s} query B{s}", None), ("query A{s}", "B"), ("fragment F on Query{s}", None)],
)
def test_an_operation_that_is_not_named_clearly_is_refused(text: str, name: str | None) -> None:
    with pytest.raises(OperationUnclear):
        Documents(SCHEMA, Limits()).parse(text).operation(name)


def test_the_named_operation_is_chosen() -> None:
    document = Documents(SCHEMA, Limits()).parse("query A{s} query B{x:s}")
    assert document.operation("B").shape.aliases == 1
