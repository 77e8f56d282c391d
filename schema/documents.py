"""Documents, from text to ready: parsed, measured, validated, and remembered.

The memory is bounded by characters and keeps valid documents only, so that hostile texts
cannot grow it. What was registered is kept beside it, and never parsed or validated again.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cachetools import LRUCache
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    parse,
    specified_rules,
    validate,
)
from graphql.validation import validation_context
from graphql.validation.rules import overlapping_fields_can_be_merged
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule
from strawberry.types.graphql import OperationType

from schema.costs import Price, price
from schema.limits import (
    LimitExceeded,
    Limits,
    Shape,
    check_text,
    check_variables,
    fragments_of,
    measure,
    nodes_below,
)
from schema.metrics import DOCUMENTS, DOCUMENTS_HELD
from schema.variables import Variables, uses
from service.errors import Refusal

_HIT, _MISS, _REGISTERED = map(DOCUMENTS.of, ("hit", "miss", "registered"))
_RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
_VALIDATION_ERRORS = 20

# The rule compares equal response names pairwise; the library's own budget of 500 000
# lets 4 kB of text hold the event loop for a second, this one for less than 0.1 s.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = Limits().comparisons
# What every operation of a document spends on the fragments they share, likewise.
validation_context.MAX_FRAGMENT_WORK = Limits().comparisons // 2
# All that the library says once either budget is spent.
_SPENT = "Validation aborted."


class DocumentRefused(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """A text that is no GraphQL, or GraphQL that this schema does not have."""

    def __init__(self, code: str, errors: Sequence[GraphQLError]) -> None:
        super().__init__(code)
        self.code = code
        self.errors = errors


class OperationUnclear(Refusal):
    """The document and `operationName` do not name exactly one operation."""

    code = "OPERATION_RESOLUTION_FAILURE"


_numbers = itertools.count(1)


@dataclass
class Operation:
    """One operation of a document, with its size once fragments are expanded."""

    node: OperationDefinitionNode
    shape: Shape
    fragments: Mapping[str, FragmentDefinitionNode]
    schema: GraphQLSchema
    # Its identity for as long as the process lives; a forgotten document's is not given again.
    number: int = field(default_factory=lambda: next(_numbers))
    # The limits that it was last found within.
    _fits: Limits | None = None

    @cached_property
    def kind(self) -> OperationType:
        """Query, mutation or subscription."""
        return OperationType(self.node.operation.value)

    @cached_property
    def variables(self) -> Variables:
        """How its variables are read."""
        selections = [fragment.selection_set for fragment in self.fragments.values()]
        used = uses([self.node.selection_set, *selections])
        return Variables(self.schema, self.node, used, _things(self.schema))

    @cached_property
    def price(self) -> Price:
        """What it may cost; of a valid document only."""
        return price(self.node, self.fragments, self.schema)

    @cached_property
    def below(self) -> Sequence[str]:
        """The variables that stand below its root fields, beside their arguments."""
        roots = self.node.selection_set.selections
        within = [root.selection_set for root in roots if isinstance(root, FieldNode)]
        parts = [*within, *(fragment.selection_set for fragment in self.fragments.values())]
        nodes = (node for part in parts if part for node in nodes_below(part))
        return sorted({node.name.value for node in nodes if isinstance(node, VariableNode)})

    @cached_property
    def root_fields(self) -> frozenset[str]:
        """The names of all its root fields, skipped or not."""
        return frozenset(_fields(self.node.selection_set, self.fragments))

    def check(self, limits: Limits) -> None:
        """Refuse an operation whose form is over the limits of who asks."""
        if self._fits is not limits:
            self.shape.check(limits)
            self._fits = limits

    def admit(self, variables: Mapping[str, Any], limits: Limits) -> int:
        """The points this request may cost; refuses values over the limits of who asks."""
        check_variables(variables, limits)
        return self.price.asked(variables, limits)


def _things(schema: GraphQLSchema) -> frozenset[str]:
    """The names of the types that have an opaque id."""
    node = schema.get_type("Node")
    if not isinstance(node, GraphQLInterfaceType):
        return frozenset()
    return frozenset(kind.name for kind in schema.get_possible_types(node))


def _fields(
    selections: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> Iterator[str]:
    for selection in selections.selections:
        if isinstance(selection, FieldNode):
            yield selection.name.value
        elif isinstance(selection, InlineFragmentNode):
            yield from _fields(selection.selection_set, fragments)
        elif isinstance(selection, FragmentSpreadNode):
            yield from _fields(fragments[selection.name.value].selection_set, fragments)


def _parse(text: str, limits: Limits) -> DocumentNode:
    check_text(text, limits)
    try:
        return parse(text, max_tokens=limits.tokens)
    except GraphQLSyntaxError as error:
        if error.message.endswith(f"{limits.tokens} tokens. Parsing aborted."):
            raise LimitExceeded(limits, "tokens") from error
        raise DocumentRefused("GRAPHQL_PARSE_FAILED", [error]) from error


@dataclass(slots=True)
class Document:
    """A parsed document within the limits; `valid` once `Documents.validate` accepted it."""

    text: str
    ast: DocumentNode
    operations: list[Operation]
    valid: bool = field(default=False)

    @property
    def weight(self) -> int:
        """What it counts for in the memory."""
        return max(600, len(self.text))

    def operation(self, name: str | None) -> Operation:
        """The operation to run; refuses when the name is missing, unknown or ambiguous."""
        if not self.operations:
            raise OperationUnclear("The document has no operation; send a query or a mutation.")
        if name is None:
            if len(self.operations) > 1:
                raise OperationUnclear("The document has several operations; send operationName.")
            return self.operations[0]
        for operation in self.operations:
            if operation.node.name and operation.node.name.value == name:
                return operation
        raise OperationUnclear("operationName names no operation of the document.")


class Documents:
    """The documents of one schema, the valid ones remembered by their text."""

    def __init__(self, schema: GraphQLSchema, limits: Limits, *, characters: int = 300_000) -> None:
        self._schema = schema
        self._limits = limits
        # A parsed document takes up to 300 bytes of memory for each character; the shortest
        # ones are weighed as if they had a few hundred.
        self._remembered: LRUCache[str, Document] = LRUCache(
            characters, lambda document: document.weight
        )
        self._registered: dict[str, Document] = {}

    def parse(self, text: str, limits: Limits | None = None) -> Document:
        """The document, remembered or fresh; refuses bad syntax and whatever exceeds a limit.

        One that was remembered may have been sent by somebody with greater limits: hold the
        operation's shape against those of who asks.
        """
        try:
            known = self._remembered[text]
        except KeyError:
            _MISS.count += 1
        else:
            _HIT.count += 1
            return known
        limits = limits or self._limits
        ast = _parse(text, limits)
        nodes = [node for node in ast.definitions if isinstance(node, OperationDefinitionNode)]
        shapes = measure(ast, limits)
        fragments = fragments_of(ast)
        operations = [
            Operation(*pair, fragments, self._schema) for pair in zip(nodes, shapes, strict=True)
        ]
        return Document(text, ast, operations)

    def registered(self, digest: str) -> "Document | None":
        """The registered document of this digest, ready to run, where it is known here."""
        found = self._registered.get(digest)
        if found is not None:
            _REGISTERED.count += 1
        return found

    def register(self, digest: str, text: str) -> "Document":
        """Keeps a document for good under its digest. Refuses what a request would be refused."""
        document = self.parse(text)
        self.validate(document, suggest=True)
        self._registered[digest] = document
        return document

    def validate(self, document: Document, *, suggest: bool) -> None:
        """Hold a parsed document against the schema once, and remember it when it is valid.

        `suggest` lets the errors name similar fields, which tells strangers the schema.
        """
        if document.valid:
            return
        errors = validate(
            self._schema,
            document.ast,
            _RULES,
            max_errors=_VALIDATION_ERRORS,
            hide_suggestions=not suggest,
        )
        if any(error.message == _SPENT for error in errors):
            raise LimitExceeded(self._limits, "comparisons")
        if errors:
            raise DocumentRefused("GRAPHQL_VALIDATION_FAILED", errors)
        document.valid = True
        # Of two that were parsed at once the first one stays, and its plans with it. One that
        # is too long is used and forgotten.
        if document.weight <= min(64_000, self._remembered.maxsize):
            self._remembered.setdefault(document.text, document)
            DOCUMENTS_HELD.set(len(self._remembered))
