"""What one request may ask for, counted in linear time over the parsed document.

Pure functions: a document or variables in, silence or a coded refusal out. They
refuse to walk a fragment twice, because a walk per spread is itself the attack.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from graphlib import CycleError, TopologicalSorter
from typing import Any, NamedTuple, TypeAlias

from graphql import (
    DocumentNode,
    FieldNode,
    FloatValueNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLField,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    Node,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    StringValueNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_composite_type,
)
from graphql.language.ast import QUERY_DOCUMENT_KEYS
from graphql.utilities.coerce_input_value import coerce_default_value

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
    digits: int = _limit(40, "Characters of one number", "Send a shorter number.")
    json_depth: int = _limit(32, "Levels of nested input values", "Send flatter input.")
    body_bytes: int = _limit(1_000_000, "Bytes of the request", "Send a smaller request.")


class LimitExceeded(Refusal):
    """A request asks for more than a limit; `details` names it, its value and the amount asked."""

    code = "LIMIT_EXCEEDED"

    def __init__(self, limits: Limits, name: str, value: int | None = None) -> None:
        maximum: int = getattr(limits, name)
        words = next(entry.metadata for entry in fields(limits) if entry.name == name)
        asked = "more than allowed" if value is None else f"{value}"
        super().__init__(
            f"{words['what']}: {asked}; the limit `{name}` is {maximum}. {words['remedy']}",
            details={"limit": name, "maximum": maximum, "value": value},
        )


class BadInput(Refusal):
    """A value that no field could accept; `path` names the variable when there is one."""

    code = "BAD_USER_INPUT"


class FragmentCycle(Refusal):
    """A fragment that spreads itself, directly or through others."""

    code = "GRAPHQL_VALIDATION_FAILED"


# Counts stop here, so that a document of doubling fragments cannot grow huge integers.
_CEILING = 1_000_000

_INTROSPECTION = frozenset({"__schema", "__type"})
# The list fields of __Type, which multiply the answer when they nest.
_TYPE_LISTS = frozenset({"fields", "interfaces", "possibleTypes", "inputFields"})
_TYPE_LISTS_NESTED = 2


class Shape(NamedTuple):
    """What a selection amounts to once its fragments are expanded.

    `lists` counts nested list fields of __Type; it only matters below `__schema` and
    `__type`, whose insides are kept apart in the `meta_` numbers.
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


_NOTHING = Shape()

Fragments: TypeAlias = Mapping[str, FragmentDefinitionNode]


def measure(document: DocumentNode, limits: Limits) -> list[Shape]:
    """The shape of every operation, in the document's order.

    Refuses fragment cycles, unusable literals and whatever exceeds a limit. One
    visit per node and one per spread: hostile documents cost what plain ones cost.
    """
    _check_literals(document, limits)
    definitions = fragments_of(document)
    known: dict[str, Shape] = {}
    for name in _inner_first(definitions, limits):
        known[name] = _shape(definitions[name].selection_set, known)
    shapes = []
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            shape = _shape(operation.selection_set, known)
            own = Shape(directives=len(operation.directives or ()))
            shapes.append(_within(shape.beside(own), limits))
    return shapes


def fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    """The document's fragments by name."""
    return {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }


def _inner_first(fragments: Fragments, limits: Limits) -> list[str]:
    """Names ordered so that a fragment follows all it spreads; refuses cycles and towers."""
    spreads = {name: _spreads(fragment) & fragments.keys() for name, fragment in fragments.items()}
    try:
        order = list(TopologicalSorter(spreads).static_order())
    except CycleError as error:
        raise FragmentCycle("A fragment spreads itself; remove the spread.") from error
    depths: dict[str, int] = {}
    for name in order:
        depths[name] = 1 + max((depths[inner] for inner in spreads[name]), default=0)
    deepest = max(depths.values(), default=0)
    if deepest > limits.fragment_depth:
        raise LimitExceeded(limits, "fragment_depth", deepest)
    return order


def _spreads(fragment: FragmentDefinitionNode) -> set[str]:
    nodes = (node for node, _ in _nodes(fragment))
    return {node.name.value for node in nodes if isinstance(node, FragmentSpreadNode)}


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
    for name, value in (
        ("depth", shape.depth),
        ("introspection_depth", shape.meta_depth),
        ("fields", shape.fields),
        ("aliases", shape.aliases),
        ("directives", shape.directives),
        ("root_fields", shape.level),
    ):
        if value > getattr(limits, name):
            raise LimitExceeded(limits, name, value)
    # Without aliases equal fields merge, so one answer lists the schema at most once.
    if shape.meta_aliases or shape.meta_lists > _TYPE_LISTS_NESTED:
        raise LimitExceeded(limits, "introspection_depth")
    return shape


def _check_literals(document: DocumentNode, limits: Limits) -> None:
    for node, depth in _nodes(document):
        if depth > limits.json_depth:
            raise LimitExceeded(limits, "json_depth", depth)
        if isinstance(node, StringValueNode):
            _check_text(node.value, ())
        elif isinstance(node, IntValueNode | FloatValueNode):
            _at_most(limits, "digits", len(node.value))
        elif isinstance(node, ListValueNode):
            _at_most(limits, "list_items", len(node.values))
        elif isinstance(node, ObjectValueNode):
            _at_most(limits, "list_items", len(node.fields))


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
    while stack:
        value, depth, name = stack.pop()
        if depth > limits.json_depth:
            raise LimitExceeded(limits, "json_depth", depth)
        if isinstance(value, str):
            _check_text(value, ("variables", name))
        elif isinstance(value, list | dict):
            _at_most(limits, "list_items", len(value))
            items = value.values() if isinstance(value, dict) else value
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


class PageSize(NamedTuple):
    """A `first` or `last` as written: a number, a variable's name, or neither when null."""

    argument: str
    number: int | None
    variable: str | None


class Page(NamedTuple):
    """A list field that is read by pages, and the pages inside it."""

    sizes: tuple[PageSize, ...]
    default: int
    inner: "tuple[Page, ...]"


def pages(
    operation: OperationDefinitionNode,
    fragments: Fragments,
    schema: GraphQLSchema,
    limits: Limits,
) -> tuple[Page, ...]:
    """The operation's paged fields, fragments expanded; any field with `first` or `last` is one.

    Call it on valid documents that `measure` accepted: those are small when expanded.
    """
    root = schema.get_root_type(operation.operation)
    reader = _PageReader(fragments, schema, limits)
    return tuple(reader.read(operation.selection_set, root))


@dataclass(frozen=True, slots=True)
class _PageReader:
    fragments: Fragments
    schema: GraphQLSchema
    limits: Limits

    def read(
        self, selections: SelectionSetNode, parent: GraphQLCompositeType | None
    ) -> Iterator[Page]:
        for selection in selections.selections:
            if isinstance(selection, FieldNode):
                yield from self.field(selection, parent)
            elif isinstance(selection, InlineFragmentNode):
                inner = self.condition(selection, parent)
                yield from self.read(selection.selection_set, inner)
            elif isinstance(selection, FragmentSpreadNode):
                fragment = self.fragments[selection.name.value]
                inner = self.condition(fragment, parent)
                yield from self.read(fragment.selection_set, inner)

    def condition(
        self,
        fragment: InlineFragmentNode | FragmentDefinitionNode,
        parent: GraphQLCompositeType | None,
    ) -> GraphQLCompositeType | None:
        if fragment.type_condition is None:
            return parent
        named = self.schema.get_type(fragment.type_condition.name.value)
        return named if is_composite_type(named) else None

    def field(self, node: FieldNode, parent: GraphQLCompositeType | None) -> Iterator[Page]:
        definition = self.schema.get_field(parent, node.name.value) if parent else None
        if definition is None or node.selection_set is None:
            return
        named = get_named_type(definition.type)
        inner = self.read(node.selection_set, named if is_composite_type(named) else None)
        if "first" in definition.args or "last" in definition.args:
            yield Page(_sizes(node), self.default(definition), tuple(inner))
        else:
            yield from inner

    def default(self, definition: GraphQLField) -> int:
        for name in ("first", "last"):
            argument = definition.args.get(name)
            value = coerce_default_value(argument) if argument else None
            if isinstance(value, int):
                return value
        return self.limits.page_default


def _sizes(node: FieldNode) -> tuple[PageSize, ...]:
    return tuple(
        _size(argument.name.value, argument.value)
        for argument in node.arguments or ()
        if argument.name.value in {"first", "last"}
    )


def _size(argument: str, value: ValueNode) -> PageSize:
    if isinstance(value, VariableNode):
        return PageSize(argument, None, value.name.value)
    number = int(value.value) if isinstance(value, IntValueNode) else None
    return PageSize(argument, number, None)


def check_pages(
    paged: tuple[Page, ...],
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
    limits: Limits,
) -> int:
    """The rows the pages may reach together; refuses negative, large and multiplied sizes."""
    defaults = {
        definition.variable.name.value: int(definition.default_value.value)
        for definition in operation.variable_definitions or ()
        if isinstance(definition.default_value, IntValueNode)
    }
    total = _rows(paged, {**defaults, **variables}, limits)
    if total > limits.nodes:
        raise LimitExceeded(limits, "nodes", total)
    return total


def _rows(paged: tuple[Page, ...], variables: Mapping[str, Any], limits: Limits) -> int:
    total = 0
    for page in paged:
        asked = [_asked(size, variables, limits) for size in page.sizes]
        given = [number for number in asked if number is not None]
        rows = max(given, default=page.default)
        total += rows * (1 + _rows(page.inner, variables, limits))
    return min(total, _CEILING)


def _asked(size: PageSize, variables: Mapping[str, Any], limits: Limits) -> int | None:
    number = variables.get(size.variable) if size.variable else size.number
    # JSON numbers such as 5.0 are integers to GraphQL; other types are refused by coercion.
    if isinstance(number, bool) or not isinstance(number, int | float):
        return None
    if number < 0:
        raise BadInput(
            f"`{size.argument}` is negative; ask for 0 to {limits.page} rows.",
            path=(size.variable or size.argument,),
        )
    _at_most(limits, "page", int(number))
    return int(number)
