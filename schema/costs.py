"""What one operation may cost, in points: the objects that its answer can hold.

Read once from a valid document into a `Price`, then worked out for the variables of
each request in a few microseconds. It refuses to guess low: what no size bounds counts
as a page, and the answer itself says afterwards what it was.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLField,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)
from graphql.utilities.coerce_input_value import coerce_default_value

from schema.limits import BadInput, Fragments, LimitExceeded, Limits
from service.reading.pages import DEFAULT_SIZE

# What a mutation costs beside its answer: a transaction, its checks and its audit event.
MUTATION = 10
# The limits of introspection allow one listing of the schema, so its price is flat.
_FLAT = {"__schema": 5_000, "__type": 500}
# Amounts stop here, so that nested pages cannot grow huge integers; above every limit.
_CEILING = 10**12
# From here on numpy counts faster than a search from brace to brace.
_LONG = 8_000
# The mark of a mutation whose answer shows a secret, in its field's extensions.
REVEALS = "cadre-reveals"
# The points of a field that Python works out, beside its answer, in the field's extensions.
WORK = "cadre-work"


class Size(NamedTuple):
    """An argument that says how often something repeats: as written, or by a variable.

    `number` is then what the variable falls back to.
    """

    argument: str
    number: int | None
    variable: str | None

    @property
    def is_page(self) -> bool:
        """Whether it is the size of a page; else it is a list of ids, one thing for each."""
        return self.argument != "ids"

    def of(self, variables: Mapping[str, Any]) -> int | None:
        """How many are asked for; None where nothing usable is given, which coercion refuses."""
        if self.variable is None or self.variable not in variables:
            return self.number
        given = variables[self.variable]
        if not self.is_page:
            return len(given) if isinstance(given, list) else None if given is None else 1
        # JSON numbers such as 5.0 are integers to GraphQL; other types are refused by coercion.
        is_number = isinstance(given, int | float) and not isinstance(given, bool)
        return int(given) if is_number else None


class Sum(NamedTuple):
    """Objects and rows that are certain, with the lists whose length only a request decides."""

    points: int = 0
    rows: int = 0
    # The largest page that is written as a number.
    page: int = 0
    lists: "tuple[Times, ...]" = ()
    # Whether any of it is worked out by Python, which an answer's size does not tell.
    works: bool = False

    def plus(self, other: "Sum") -> "Sum":
        """Both beside each other."""
        return Sum(
            min(_CEILING, self.points + other.points),
            min(_CEILING, self.rows + other.rows),
            max(self.page, other.page),
            self.lists + other.lists,
            self.works or other.works,
        )


class Times(NamedTuple):
    """One entry's price, as often as the sizes say; `default` where they say nothing."""

    each: Sum
    sizes: tuple[Size, ...]
    default: int

    def number(self, variables: Mapping[str, Any], limits: Limits) -> int:
        """How many entries; refuses a page that is negative or too large."""
        largest = -1
        for size in self.sizes:
            number = size.of(variables)
            if number is None:
                continue
            if number < 0:
                raise BadInput(
                    f"`{size.argument}` is negative; ask for 0 to {limits.page} rows.",
                    path=(size.variable or size.argument,),
                )
            if size.is_page and number > limits.page:
                raise LimitExceeded(limits, "page", number)
            largest = max(largest, number)
        return self.default if largest < 0 else largest


NOTHING = Sum()


@dataclass(frozen=True, slots=True)
class Price:
    """What one operation may cost, for any variables.

    `writes` are the points of its mutations, `reveals` counts those that show a secret.
    """

    tree: Sum
    writes: int = 0
    reveals: int = 0

    def asked(self, variables: Mapping[str, Any], limits: Limits) -> int:
        """The points this request may cost at most, known before it runs.

        Refuses negative and large pages, more rows or points than the limits allow, and
        more than one secret at once.
        """
        points, rows = self.tree.points, self.tree.rows
        if self.tree.page > limits.page:
            raise LimitExceeded(limits, "page", self.tree.page)
        if self.tree.lists:
            points, rows = _worked_out(self.tree, variables, limits)
        if rows > limits.nodes:
            raise LimitExceeded(limits, "nodes", rows)
        if points > limits.cost:
            raise LimitExceeded(limits, "cost", points)
        if self.reveals > limits.reveals:
            raise LimitExceeded(limits, "reveals", self.reveals)
        return points

    def real(self, data: Sequence[bytes], asked: int) -> int:
        """The points an answer with this JSON did cost: its objects, and `asked` at most.

        Counts opening braces in one pass over the bytes. One inside a text counts as well:
        telling it apart would mean to parse every answer again, and the bound keeps a text
        full of braces from costing more than was taken. What Python worked out was worth its
        price whatever it answers.
        """
        if self.tree.works:
            return asked
        return min(asked, self.writes + max(1, sum(map(_braces, data))))


def _braces(text: bytes) -> int:
    if len(text) < _LONG:
        return text.count(b"{")
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) == ord("{")))


def _worked_out(tree: Sum, variables: Mapping[str, Any], limits: Limits) -> tuple[int, int]:
    points, rows = tree.points, tree.rows
    for times in tree.lists:
        number = times.number(variables, limits)
        each, inner = times.each.points, times.each.rows
        if times.each.lists:
            each, inner = _worked_out(times.each, variables, limits)
        points += number * each
        rows += number * inner
    return points, rows


def price(
    operation: OperationDefinitionNode,
    fragments: Fragments,
    schema: GraphQLSchema,
) -> Price:
    """The operation's price, equal fields merged and fragments expanded.

    Call it on valid documents that `measure` accepted: those are small when expanded.
    """
    root = schema.get_root_type(operation.operation)
    assert root is not None
    reader = _Reader(fragments, schema, _defaults(operation))
    fields = reader.fields([(operation.selection_set, root)])
    once, each = reader.total(fields)
    tree = Sum(points=1).plus(once).plus(reader.times(each, ()))
    if operation.operation is not OperationType.MUTATION:
        return Price(tree)
    writes = MUTATION * len(fields)
    definitions = [schema.get_field(parent, nodes[0].name.value) for parent, nodes in fields]
    reveals = sum(1 for found in definitions if found and found.extensions.get(REVEALS))
    return Price(tree.plus(Sum(writes)), writes, reveals)


def _defaults(operation: OperationDefinitionNode) -> dict[str, ValueNode]:
    return {
        definition.variable.name.value: definition.default_value
        for definition in operation.variable_definitions or ()
        if definition.default_value is not None
    }


_Set: TypeAlias = tuple[SelectionSetNode, GraphQLCompositeType]
_Fields: TypeAlias = list[tuple[GraphQLCompositeType, list[FieldNode]]]


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads prices out of selections of one operation."""

    fragments: Fragments
    schema: GraphQLSchema
    defaults: Mapping[str, ValueNode]

    def fields(self, sets: list[_Set]) -> _Fields:
        """The fields of these selections, those that the answer merges together.

        Validation has made sure that they have equal arguments.
        """
        found: dict[tuple[str, str], tuple[GraphQLCompositeType, list[FieldNode]]] = {}
        for parent, node in self._flat(sets, set()):
            name = (node.alias or node.name).value
            found.setdefault((parent.name, name), (parent, []))[1].append(node)
        return list(found.values())

    def _flat(
        self, sets: list[_Set], spread: set[tuple[str, str]]
    ) -> Iterator[tuple[GraphQLCompositeType, FieldNode]]:
        """Every field with the type it stands on, fragments expanded."""
        stack = sets[::-1]
        while stack:
            selections, parent = stack.pop()
            for selection in selections.selections:
                if isinstance(selection, FieldNode):
                    yield parent, selection
                else:
                    stack.extend(self._inside(selection, parent, spread))

    def _inside(
        self, selection: SelectionNode, parent: GraphQLCompositeType, spread: set[tuple[str, str]]
    ) -> Iterator[_Set]:
        """The selections of a fragment; once in a set, as a second time adds nothing."""
        if isinstance(selection, InlineFragmentNode):
            yield selection.selection_set, self._narrowed(selection, parent)
        elif isinstance(selection, FragmentSpreadNode):
            fragment = self.fragments[selection.name.value]
            inner = self._narrowed(fragment, parent)
            if (fragment.name.value, inner.name) not in spread:
                spread.add((fragment.name.value, inner.name))
                yield fragment.selection_set, inner

    def _narrowed(
        self, fragment: InlineFragmentNode | FragmentDefinitionNode, parent: GraphQLCompositeType
    ) -> GraphQLCompositeType:
        condition = fragment.type_condition
        named = self.schema.get_type(condition.name.value) if condition else None
        return named if is_composite_type(named) else parent

    def total(self, fields: _Fields) -> tuple[Sum, Sum]:
        """What stands once in an object with these fields, and one entry of its bare lists."""
        once = each = NOTHING
        for parent, nodes in fields:
            price, is_bare = self._field(parent, nodes)
            once, each = (once, each.plus(price)) if is_bare else (once.plus(price), each)
        return once, each

    def _field(self, parent: GraphQLCompositeType, nodes: list[FieldNode]) -> tuple[Sum, bool]:
        """The field's price, and whether it is a list that leaves its length to its parent."""
        name = nodes[0].name.value
        definition = self.schema.get_field(parent, name)
        named = get_named_type(definition.type) if definition else None
        if definition is None or not is_composite_type(named):
            return NOTHING, False
        if name in _FLAT:
            return Sum(_FLAT[name]), False
        sets = [(node.selection_set, named) for node in nodes if node.selection_set]
        once, each = self.total(self.fields(sets))
        sizes = self._sizes(nodes[0])
        is_page = not {"first", "last"}.isdisjoint(definition.args)
        work = definition.extensions.get(WORK, 0)
        row = Sum(points=1 + work, works=work > 0).plus(once)
        if is_list_type(get_nullable_type(definition.type)):
            entry = row.plus(self.times(each, ()))
            if is_page or sizes:
                entry = entry.plus(Sum(rows=1))
                return self.times(entry, sizes, self._default(definition)), False
            return entry, True
        if is_page:
            each = each.plus(Sum(rows=1))
        return row.plus(self.times(each, sizes, self._default(definition))), False

    def times(self, each: Sum, sizes: tuple[Size, ...], default: int | None = None) -> Sum:
        """So many of each; worked out now where no variable has a say."""
        if each == NOTHING:
            return NOTHING
        times = Times(each, sizes, DEFAULT_SIZE if default is None else default)
        if each.lists or any(size.variable or (size.number or 0) < 0 for size in sizes):
            return Sum(lists=(times,), page=each.page, works=each.works)
        given = [size.number for size in sizes if size.number is not None]
        number = max(given, default=times.default)
        pages = [size.number for size in sizes if size.is_page and size.number is not None]
        return Sum(
            min(_CEILING, number * each.points),
            min(_CEILING, number * each.rows),
            max(each.page, *pages, 0),
            works=each.works,
        )

    def _default(self, definition: GraphQLField) -> int:
        for name in ("first", "last"):
            argument = definition.args.get(name)
            value = coerce_default_value(argument) if argument else None
            if isinstance(value, int):
                return value
        return DEFAULT_SIZE

    def _sizes(self, node: FieldNode) -> tuple[Size, ...]:
        return tuple(
            self._size(argument.name.value, argument.value)
            for argument in node.arguments or ()
            if argument.name.value in {"first", "last", "ids"}
        )

    def _size(self, argument: str, value: ValueNode) -> Size:
        if isinstance(value, VariableNode):
            name = value.name.value
            default = self.defaults.get(name)
            fallback = self._size(argument, default).number if default else None
            return Size(argument, fallback, name)
        if argument != "ids":
            number = int(value.value) if isinstance(value, IntValueNode) else None
            return Size(argument, number, None)
        if isinstance(value, NullValueNode):
            return Size(argument, None, None)
        return Size(argument, len(value.values) if isinstance(value, ListValueNode) else 1, None)
