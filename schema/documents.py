"""Documents, from text to ready: parsed, measured, validated, and remembered.

The memory is bounded by entries and by characters, and keeps valid documents only,
so that hostile texts can neither grow it nor stay in it.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    parse,
    specified_rules,
    validate,
)
from graphql.validation.rules import overlapping_fields_can_be_merged
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule
from strawberry.types.graphql import OperationType

from schema.limits import (
    LimitExceeded,
    Limits,
    Page,
    Shape,
    check_pages,
    check_variables,
    fragments_of,
    measure,
    pages,
)
from service.errors import Refusal

_RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
_VALIDATION_ERRORS = 20

# The rule compares equal response names pairwise; the library's own budget of 500 000
# lets 4 kB of text hold the event loop for a second, this one for less than 0.1 s.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 20_000


class DocumentRefused(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """A text that is no GraphQL, or GraphQL that this schema does not have."""

    def __init__(self, code: str, errors: Sequence[GraphQLError]) -> None:
        super().__init__(code)
        self.code = code
        self.errors = errors


class OperationUnclear(Refusal):
    """The document and `operationName` do not name exactly one operation."""

    code = "OPERATION_RESOLUTION_FAILURE"


@dataclass(slots=True)
class Operation:
    """One operation of a document, with its size once fragments are expanded."""

    node: OperationDefinitionNode
    shape: Shape
    pages: tuple[Page, ...] = ()

    @property
    def kind(self) -> OperationType:
        """Query, mutation or subscription."""
        return OperationType(self.node.operation.value)

    def admit(self, variables: Mapping[str, Any], limits: Limits) -> None:
        """Refuse the values of one request that break a limit; the document itself passed."""
        check_variables(variables, limits)
        check_pages(self.pages, self.node, variables, limits)


@dataclass(slots=True)
class Document:
    """A parsed document within the limits; `valid` once `Documents.validate` accepted it."""

    ast: DocumentNode
    operations: list[Operation]
    valid: bool = field(default=False)

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

    def __init__(
        self,
        schema: GraphQLSchema,
        limits: Limits,
        *,
        entries: int = 500,
        characters: int = 300_000,
    ) -> None:
        self._schema = schema
        self._limits = limits
        self._entries = entries
        # A parsed document takes up to 300 bytes of memory for each character.
        self._characters = characters
        self._remembered: OrderedDict[str, Document] = OrderedDict()
        self._held = 0

    def parse(self, text: str) -> Document:
        """The document, remembered or fresh; refuses bad syntax and whatever exceeds a limit."""
        known = self._remembered.get(text)
        if known is not None:
            self._remembered.move_to_end(text)
            return known
        ast = self._parse(text)
        nodes = [node for node in ast.definitions if isinstance(node, OperationDefinitionNode)]
        shapes = measure(ast, self._limits)
        return Document(ast, [Operation(*pair) for pair in zip(nodes, shapes, strict=True)])

    def _parse(self, text: str) -> DocumentNode:
        try:
            return parse(text, max_tokens=self._limits.tokens)
        except GraphQLSyntaxError as error:
            if error.message.endswith(f"{self._limits.tokens} tokens. Parsing aborted."):
                raise LimitExceeded(self._limits, "tokens") from error
            raise DocumentRefused("GRAPHQL_PARSE_FAILED", [error]) from error

    def validate(self, text: str, document: Document, *, suggest: bool) -> None:
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
        if errors:
            raise DocumentRefused("GRAPHQL_VALIDATION_FAILED", errors)
        fragments = fragments_of(document.ast)
        for operation in document.operations:
            operation.pages = pages(operation.node, fragments, self._schema, self._limits)
        document.valid = True
        self._remember(text, document)

    def _remember(self, text: str, document: Document) -> None:
        if len(text) > min(64_000, self._characters) or text in self._remembered:
            return
        self._remembered[text] = document
        self._held += len(text)
        while self._held > self._characters or len(self._remembered) > self._entries:
            forgotten, _ = self._remembered.popitem(last=False)
            self._held -= len(forgotten)
