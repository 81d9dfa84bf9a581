"""The cache of operations: a document is parsed and checked once, each of its operations compiled at its second use.

All of it belongs to one event loop's thread. Looking a document up waits for nothing, so that requests with the same
new document neither do its work twice nor see it half done.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Generic, Literal, TypeVar

from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    assert_valid_schema,
    default_field_resolver,
    default_type_resolver,
)
from graphql.execution import Executor
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues, get_variable_values

from gateway.execution.comparing import Comparing, Difference, differing_places
from gateway.execution.plans import Budget, Plans
from gateway.execution.running import CompiledExecutor

T = TypeVar("T")
V = TypeVar("V")

MAX_INVALID = 64
MAX_VARIABLE_ERRORS = 5
_INTROSPECTION = {"__schema", "__type", "__typename"}


@dataclass(frozen=True, slots=True)
class Checks(Generic[T]):
    """How a text becomes a document that may run. The first two may raise GraphQLError; the third gives all errors.

    What `inspect` gives is kept with the document.
    """

    parse: Callable[[str], DocumentNode]
    inspect: Callable[[DocumentNode], T]
    validate: Callable[[DocumentNode], list[GraphQLError]]


@dataclass(frozen=True, slots=True)
class Invalid:
    """A document that may not run: which check it failed, and why."""

    stage: Literal["parse", "inspect", "validate"]
    errors: tuple[GraphQLError, ...]


class BadVariables(Exception):
    """The values of a request's variables are not of the types that the operation declares."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(f"{len(errors)} errors")
        self.errors = errors


class Operations(Generic[T]):
    """Documents by their text, as many of the latest used as both bounds allow; `max_characters` counts texts alone.

    Without `compiling` graphql-core runs all; with it, what `budget` does not allow to compile. `comparing` has some
    compiled queries run by both, and never a mutation.
    `counts`: documents "checked"; runs that were "compiled", "interpreted" or "remembered" (an introspection's answer);
    of the compiled ones those "compared", and of these those "different".
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        checks: Checks[T],
        *,
        max_documents: int = 1_000,
        max_characters: int = 500_000,
        hide_suggestions: bool = False,
        compiling: bool = True,
        comparing: Comparing | None = None,
        budget: Budget | None = None,
    ) -> None:
        assert_valid_schema(schema)
        self.schema, self.hide_suggestions = schema, hide_suggestions
        self.compiling, self.comparing, self.counts = compiling, comparing, Counter[str]()
        self._checks, self.budget = checks, budget or Budget()
        self._valid = _Latest[Document[T]](max_documents, max_characters)
        self._invalid = _Latest[Invalid](MAX_INVALID, max_characters // 8)

    def find(self, text: str) -> "Document[T] | Invalid":
        """The document of that text, checked; or what is wrong with it."""
        found: Document[T] | Invalid | None = self._valid.get(text) or self._invalid.get(text)
        if found is None:
            self.counts["checked"] += 1
            found = self._check(text)
            if isinstance(found, Invalid):
                self._invalid.put(text, found)
            else:
                self._valid.put(text, found)
        return found

    def _check(self, text: str) -> "Document[T] | Invalid":
        stage: Literal["parse", "inspect", "validate"] = "parse"
        try:
            document = self._checks.parse(text)
            stage = "inspect"
            inspected = self._checks.inspect(document)
            stage = "validate"
            errors = self._checks.validate(document)
        except GraphQLError as error:
            errors = [error.with_traceback(None)]  # the error is kept, the frames are not
        except RecursionError:
            errors = [GraphQLError("The document is nested too deeply.")]
        return Invalid(stage, tuple(errors)) if errors else Document(inspected, self._operations(text, document))

    def _operations(self, text: str, document: DocumentNode) -> "dict[str | None, Operation]":
        definitions = document.definitions
        fragments = {each.name.value: each for each in definitions if isinstance(each, FragmentDefinitionNode)}
        operations = [each for each in definitions if isinstance(each, OperationDefinitionNode)]
        return {each.name.value if each.name else None: Operation(self, text, each, fragments) for each in operations}


@dataclass(frozen=True, slots=True)
class Document(Generic[T]):
    """A document that may run: what was seen in it, and its operations by name."""

    inspected: T
    operations: Mapping[str | None, "Operation"]

    def operation(self, name: str | None) -> "Operation | None":
        """The operation of that name; the only one where none is given."""
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        return self.operations.get(name)


class Operation:
    """An operation of a document that may run."""

    def __init__(
        self,
        cache: Operations[Any],
        text: str,
        node: OperationDefinitionNode,
        fragments: dict[str, FragmentDefinitionNode],
    ) -> None:
        self.node = node
        self._cache, self._text, self._fragments = cache, text, fragments
        self._fragment_details = {name: FragmentDetails(each) for name, each in fragments.items()}
        self._plans = Plans(cache.budget)
        self._answer: ExecutionResult | None = None
        self._is_introspection = not node.variable_definitions and all(
            isinstance(each, FieldNode) and each.name.value in _INTROSPECTION for each in node.selection_set.selections
        )  # its answer is the schema's alone: the same for everybody, always
        self._pattern: CompiledExecutor | None = None

    @property
    def name(self) -> str | None:
        """The operation's name, where it has one."""
        return self.node.name.value if self.node.name else None

    @property
    def kind(self) -> OperationType:
        """Whether it asks, changes or subscribes."""
        return self.node.operation

    def prepare(self, context: Any, variables: dict[str, Any], root: Any = None) -> Executor[Any]:
        """A run with its variables coerced (`variable_values.coerced`), to be executed once. Raises BadVariables."""
        values = self._coerce(variables)
        if not self._cache.compiling:
            return self._build(Executor, context, values, root)
        if self._pattern is None:
            self._pattern = self._build(CompiledExecutor, None, None, None)
            self._pattern.plans = self._plans
        return self._pattern.anew(context, values, root)

    def _coerce(self, variables: dict[str, Any]) -> VariableValues:
        cache, definitions = self._cache, self.node.variable_definitions
        if not definitions:
            return VariableValues({}, {})
        values = get_variable_values(cache.schema, definitions, variables, MAX_VARIABLE_ERRORS, cache.hide_suggestions)
        if isinstance(values, list):
            raise BadVariables(values)
        return values

    async def execute(self, run: Executor[Any]) -> ExecutionResult:
        """The result of a prepared run: to be read, not to be changed."""
        counts = self._cache.counts
        if self._answer is not None:
            counts["remembered"] += 1
            return self._answer
        result = await _finish(run)
        compiled = isinstance(run, CompiledExecutor) and run.plan is not None
        counts["compiled" if compiled else "interpreted"] += 1
        if compiled and self._cache.comparing is not None and self.kind is OperationType.QUERY:
            result = await self._compare(run, result, self._cache.comparing)
        if not result.errors and self._is_introspection:
            self._answer = result
        return result

    async def _compare(self, run: Executor[Any], actual: ExecutionResult, comparing: Comparing) -> ExecutionResult:
        counts = self._cache.counts
        if counts["compiled"] % comparing.every:
            return actual
        expected = await _finish(self._build(Executor, run.context_value, run.variable_values, run.root_value))
        counts["compared"] += 1
        if places := differing_places(expected, actual):
            counts["different"] += 1
            comparing.report(Difference(sha256(self._text.encode()).hexdigest(), self.name, places))
        return expected

    def _build(self, executor: type[V], context: Any, values: Any, root: Any) -> V:
        """As `Executor.build` does, from what is known of the document."""
        return executor(  # type: ignore[call-arg]
            self._cache.schema,
            self._fragments,
            self._fragment_details,
            root,
            context,
            self.node,
            values,
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
            hide_suggestions=self._cache.hide_suggestions,
        )


async def _finish(run: Executor[Any]) -> ExecutionResult:
    running: Any = run.execute_operation()
    result: ExecutionResult = running if isinstance(running, ExecutionResult) else await running
    # They hold the run: a circle with all that a request has, which only the garbage collector could break.
    vars(run).pop("async_helpers", None)
    return result


class _Latest(Generic[V]):
    """The latest used entries by text, bounded by their number and the characters of their texts."""

    def __init__(self, max_entries: int, max_characters: int) -> None:
        self._max_entries, self._left = max_entries, max_characters
        self._entries: OrderedDict[str, V] = OrderedDict()

    def get(self, text: str) -> V | None:
        entry = self._entries.get(text)
        if entry is not None:
            self._entries.move_to_end(text)
        return entry

    def put(self, text: str, entry: V) -> None:
        self._entries[text] = entry
        self._left -= len(text)
        while self._entries and (len(self._entries) > self._max_entries or self._left < 0):
            self._left += len(self._entries.popitem(last=False)[0])
