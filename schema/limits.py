"""What one request may ask for, counted in linear time over the parsed document.

Pure functions: a document or variables in, silence or a coded refusal out. They
refuse to walk a fragment twice, because a walk per spread is itself the attack.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from graphlib import CycleError, TopologicalSorter
from operator import attrgetter, gt
from typing import Any, NamedTuple, TypeAlias

from graphql import (
    DocumentNode,
    FieldNode,
    FloatValueNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    Node,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    StringValueNode,
)
from graphql.language.ast import QUERY_DOCUMENT_KEYS

from service.errors import Refusal
from service.reading.pages import DEFAULT_SIZE, LARGEST_SIZE, MOST_COUNTED


def _limit(default: int, what: str, remedy: str) -> Any:
    return field(default=default, metadata={"what": what, "remedy": remedy})


@dataclass(frozen=True, slots=True)
class Limits:
    """Every limit of one request; the metadata says what is counted and what to change."""

    depth: int = _limit(
        12, "Levels of nested fields", "Ask for the inner part in a second request."
    )
    introspection_depth: int = _limit(
        20, "Levels below __schema or __type", "Send the standard introspection query."
    )
    fragment_depth: int = _limit(
        8, "Levels of fragments that spread fragments", "Write the inner fragments out."
    )
    # Reading a character costs what a token does, whether it stands in a name or a blank line.
    characters: int = _limit(
        64_000, "Characters of the document", "Send less text, and values as variables."
    )
    definitions: int = _limit(
        200, "Operations and fragments of the document", "Send what is run, and no more."
    )
    tokens: int = _limit(4000, "Tokens of the document", "Send less text, and values as variables.")
    fields: int = _limit(
        2000, "Selections once fragments are expanded", "Select fewer fields, or spread less."
    )
    aliases: int = _limit(
        100, "Aliases once fragments are expanded", "Use a list field, or several requests."
    )
    root_fields: int = _limit(
        20, "Fields at the root of the operation", "Send them in several requests."
    )
    directives: int = _limit(
        50, "Directives once fragments are expanded", "Put one @include around many fields."
    )
    comparisons: int = _limit(
        20_000,
        "Comparisons of fields with fields, through all fragments",
        "Select each field once, and nest fewer fragments.",
    )
    page: int = _limit(
        LARGEST_SIZE,
        "Rows asked for by one `first` or `last`",
        "Ask for a smaller page, then the next.",
    )
    page_default: int = _limit(
        DEFAULT_SIZE, "Rows of a list without `first` and `last`", "Give `first`."
    )
    count: int = _limit(
        MOST_COUNTED,
        "Rows that `totalCount` counts before it stops",
        "Narrow the list with `filter`; `isTotalCountExact` says where it stopped.",
    )
    nodes: int = _limit(
        10_000, "Rows all pages may reach together", "Ask for smaller pages in the nested lists."
    )
    list_items: int = _limit(
        250, "Entries of one input list or object", "Send the entries in several requests."
    )
    values: int = _limit(
        5_000, "Values of all variables together", "Send the values in several requests."
    )
    digits: int = _limit(40, "Characters of one number", "Send a shorter number.")
    json_depth: int = _limit(32, "Levels of nested input values", "Send flatter input.")
    body_bytes: int = _limit(1_000_000, "Bytes of the request", "Send a smaller request.")
    reveals: int = _limit(
        1, "Mutations of one request that show a secret", "Send each in a request of its own."
    )
    cost: int = _limit(
        25_000, "Points of one request", "Ask for smaller pages, or for less in each row."
    )
    budget: int = _limit(
        100_000, "Points of all requests until more are restored", "Wait, or ask for less."
    )
    budget_per_second: int = _limit(
        5_000, "Points of the budget restored each second", "Spread the requests over time."
    )
    failed_sign_ins: int = _limit(
        20, "Bad tokens a minute from one address", "Wait a minute, and send a token that is good."
    )
    connections: int = _limit(
        20, "Connections that stay open for one account", "Close one, or send more over each."
    )
    operations: int = _limit(
        20, "Operations under way on one connection", "Wait until one has ended, or complete it."
    )


# Counts stop here, so that a document of doubling fragments cannot grow huge integers; above
# every limit.
_CEILING = 10**12


class Words(NamedTuple):
    """What a limit counts, and what to do where it is reached."""

    what: str
    remedy: str


WORDS = {entry.name: Words(**entry.metadata) for entry in fields(Limits)}


class LimitExceeded(Refusal):
    """A request asks for more than a limit; `details` names it, its value and the amount asked."""

    code = "LIMIT_EXCEEDED"

    def __init__(self, limits: Limits, name: str, value: int | None = None) -> None:
        maximum: int = getattr(limits, name)
        words = WORDS[name]
        # JSON ends at 64 bits, and what was asked need not.
        value = None if value is None else min(value, _CEILING)
        asked = f"more than {maximum}" if value is None else f"{value}"
        super().__init__(
            f"{words.what}: {asked}; the limit `{name}` is {maximum}. {words.remedy}",
            details={"limit": name, "maximum": maximum, "value": value},
        )


class BadInput(Refusal):
    """A value that no field could accept; `path` names the variable when there is one."""

    code = "BAD_USER_INPUT"


class FragmentCycle(Refusal):
    """A fragment that spreads itself, directly or through others."""

    code = "GRAPHQL_VALIDATION_FAILED"


_INTROSPECTION = frozenset({"__schema", "__type"})
# The list fields of __Type, which multiply the answer when they nest.
_TYPE_LISTS = frozenset({"fields", "interfaces", "possibleTypes", "inputFields"})
_TYPE_LISTS_NESTED = 2


class Written(NamedTuple):
    """What a document is as text: the greatest of each kind, named as the limits are."""

    characters: int = 0
    definitions: int = 0
    tokens: int = 0
    fragment_depth: int = 0
    list_items: int = 0
    digits: int = 0
    json_depth: int = 0


class Shape(NamedTuple):
    """What a selection amounts to once its fragments are expanded.

    `lists` counts nested list fields of __Type; it only matters below `__schema` and
    `__type`, whose insides are kept apart in the `meta_` numbers. `written` is the
    document's.
    """

    depth: int = 0
    level: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    lists: int = 0
    meta_depth: int = 0
    meta_lists: int = 0
    meta_aliases: int = 0
    written: Written = Written()

    @property
    def introspects(self) -> bool:
        """Whether `__schema` or `__type` is reached."""
        return self.meta_depth > 0

    def beside(self, other: "Shape") -> "Shape":
        """Both selections in one set: depths are compared, amounts are added."""
        return Shape(
            max(self.depth, other.depth),
            min(_CEILING, self.level + other.level),
            min(_CEILING, self.fields + other.fields),
            min(_CEILING, self.aliases + other.aliases),
            min(_CEILING, self.directives + other.directives),
            max(self.lists, other.lists),
            max(self.meta_depth, other.meta_depth),
            max(self.meta_lists, other.meta_lists),
            min(_CEILING, self.meta_aliases + other.meta_aliases),
        )

    def check(self, limits: Limits) -> None:
        """Refuse a shape over the limits of whoever asks; a remembered one is not measured anew."""
        amounts = (
            self.depth,
            self.meta_depth,
            self.fields,
            self.aliases,
            self.directives,
            self.level,
            *self.written,
        )
        if any(map(gt, amounts, _OF_A_SHAPE(limits))):
            for name, value in zip(_NAMES, amounts, strict=True):
                _at_most(limits, name, value)


# In the order of `Shape.check`; fetched in one call, because every request is checked.
_NAMES = (
    "depth",
    "introspection_depth",
    "fields",
    "aliases",
    "directives",
    "root_fields",
    *Written._fields,
)
_OF_A_SHAPE = attrgetter(*_NAMES)

_NOTHING = Shape()

Fragments: TypeAlias = Mapping[str, FragmentDefinitionNode]


def check_text(text: str, limits: Limits) -> None:
    """Refuse a document by its length, before a parser reads it."""
    _at_most(limits, "characters", len(text))


def measure(document: DocumentNode, limits: Limits) -> list[Shape]:
    """The shape of every operation, in the document's order.

    Refuses fragment cycles, unusable literals and whatever exceeds a limit. One
    visit per node and one per spread: hostile documents cost what plain ones cost.
    """
    _at_most(limits, "definitions", len(document.definitions))
    definitions = fragments_of(document)
    written = _written(document, limits)
    order, tower = _inner_first(definitions, limits)
    written = written._replace(fragment_depth=tower)
    known: dict[str, Shape] = {}
    for name in order:
        known[name] = _shape(definitions[name].selection_set, known)
    shapes = []
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            shape = _shape(operation.selection_set, known)
            own = Shape(directives=len(operation.directives or ()))
            shapes.append(_within(shape.beside(own)._replace(written=written), limits))
    return shapes


def fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    """The document's fragments by name."""
    return {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }


def _inner_first(fragments: Fragments, limits: Limits) -> tuple[list[str], int]:
    """Names ordered so that a fragment follows all it spreads, and how deep they nest.

    Refuses cycles and towers.
    """
    spreads = {name: _spreads(fragment) & fragments.keys() for name, fragment in fragments.items()}
    try:
        order = list(TopologicalSorter(spreads).static_order())
    except CycleError as error:
        raise FragmentCycle("A fragment spreads itself; remove the spread.") from error
    depths: dict[str, int] = {}
    for name in order:
        depths[name] = 1 + max((depths[inner] for inner in spreads[name]), default=0)
    deepest = max(depths.values(), default=0)
    _at_most(limits, "fragment_depth", deepest)
    return order, deepest


def _spreads(fragment: FragmentDefinitionNode) -> set[str]:
    return {
        node.name.value for node in nodes_below(fragment) if isinstance(node, FragmentSpreadNode)
    }


def _shape(selections: SelectionSetNode, known: Mapping[str, Shape]) -> Shape:
    # The recursion follows braces only; the parser allows 200 of them.
    total = _NOTHING
    for selection in selections.selections:
        total = total.beside(_selection_shape(selection, known))
    return total


def _selection_shape(selection: SelectionNode, known: Mapping[str, Shape]) -> Shape:
    own = Shape(fields=1, directives=len(selection.directives or ()))
    if isinstance(selection, FragmentSpreadNode):
        return own.beside(known.get(selection.name.value, _NOTHING))
    if isinstance(selection, InlineFragmentNode):
        return own.beside(_shape(selection.selection_set, known))
    if not isinstance(selection, FieldNode):
        return own
    inner = _shape(selection.selection_set, known) if selection.selection_set else _NOTHING
    return _field_shape(selection, own.beside(inner))


def _field_shape(node: FieldNode, inner: Shape) -> Shape:
    aliases = inner.aliases + (1 if node.alias else 0)
    shape = inner._replace(level=1, aliases=aliases)
    if node.name.value in _INTROSPECTION:
        return shape._replace(
            depth=1,
            lists=0,
            meta_depth=max(inner.meta_depth, inner.depth + 1),
            meta_lists=max(inner.meta_lists, inner.lists),
            meta_aliases=aliases,
        )
    lists = inner.lists + (1 if node.name.value in _TYPE_LISTS else 0)
    return shape._replace(depth=inner.depth + 1, lists=lists)


def _within(shape: Shape, limits: Limits) -> Shape:
    shape.check(limits)
    # Without aliases equal fields merge, so one answer lists the schema at most once.
    if shape.meta_aliases or shape.meta_lists > _TYPE_LISTS_NESTED:
        raise LimitExceeded(limits, "introspection_depth")
    return shape


def _written(document: DocumentNode, limits: Limits) -> Written:
    """The greatest literals; refuses the first that is over a limit or that nothing stores."""
    greatest = dict.fromkeys(("list_items", "digits", "json_depth"), 0)
    for node, depth in _nodes(document):
        if isinstance(node, StringValueNode):
            _check_text(node.value, ())
        for name, value in _literal(node, depth):
            if value > greatest[name]:
                _at_most(limits, name, value)
                greatest[name] = value
    return Written(
        characters=len(document.loc.source.body) if document.loc else 0,
        definitions=len(document.definitions),
        tokens=document.token_count,
        **greatest,
    )


def _literal(node: Node, depth: int) -> Iterator[tuple[str, int]]:
    if isinstance(node, IntValueNode | FloatValueNode):
        yield "digits", len(node.value)
    elif isinstance(node, ListValueNode):
        yield from (("json_depth", depth), ("list_items", len(node.values)))
    elif isinstance(node, ObjectValueNode):
        yield from (("json_depth", depth), ("list_items", len(node.fields)))


def nodes_below(root: Node) -> Iterator[Node]:
    """Every node below `root` and itself, each once and after the one it stands in."""
    return (node for node, _ in _nodes(root))


def _nodes(root: Node) -> Iterator[tuple[Node, int]]:
    """Every node below `root` once, with the number of list and object literals around it."""
    stack = [(root, 0)]
    while stack:
        node, depth = stack.pop()
        if isinstance(node, ListValueNode | ObjectValueNode):
            depth += 1
        yield node, depth
        for key in QUERY_DOCUMENT_KEYS.get(node.kind, ()):
            child = getattr(node, key, None)
            if isinstance(child, Node):
                stack.append((child, depth))
            elif child:
                stack.extend((item, depth) for item in child)


def check_variables(variables: Mapping[str, Any], limits: Limits) -> None:
    """Refuse variables that nest too deep, hold too long a list or text no database stores.

    Loops over a stack, so that no nesting can exhaust the interpreter's own.
    """
    _at_most(limits, "list_items", len(variables))
    stack = [(value, 1, name) for name, value in variables.items()]
    values = len(stack)
    while stack:
        value, depth, name = stack.pop()
        if depth > limits.json_depth:
            raise LimitExceeded(limits, "json_depth", depth)
        if isinstance(value, str):
            _check_text(value, ("variables", name))
        elif isinstance(value, list | dict):
            _at_most(limits, "list_items", len(value))
            items = value.values() if isinstance(value, dict) else value
            values += len(items)
            _at_most(limits, "values", values)
            stack.extend((item, depth + 1, name) for item in items)


def _at_most(limits: Limits, name: str, value: int) -> None:
    if value > getattr(limits, name):
        raise LimitExceeded(limits, name, value)


def _check_text(text: str, path: tuple[str, ...]) -> None:
    """PostgreSQL stores neither NUL nor half of a surrogate pair."""
    if "\0" in text:
        raise BadInput("Text must not contain the character NUL; remove it.", path=path)
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadInput("Text contains half a character; send valid Unicode.", path=path) from error
