"""Python source for a plan: one function an object, a list, a resolver's value. No client text is ever part of it.

A usual value (of exactly the class that its type is made of) is completed in line; null where it is allowed, too.
Every other goes to `running`, which has graphql-core complete it. `try` costs nothing in Python until something fails.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any

from graphql import (
    GraphQLObjectType,
    GraphQLOutputType,
    is_enum_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    is_scalar_type,
)

from gateway.execution import calling, running, waiting
from gateway.execution.kinds import Attribute, Direct, Typename, Wrapped, is_name
from gateway.execution.plan import Selection, Step
from gateway.execution.quick import SCALARS, Quick
from gateway.execution.usual import tame, usual_names, usual_source

Function = Callable[[Any, Any, Any], Any]
Cases = list[tuple[str, list[str]]]

HELPERS: tuple[Any, ...] = (
    *(calling.LazyInfo, calling.arguments, calling.freeze, calling.info, calling.replaced, running.abandon),
    *(running.fail, running.item, running.odd, running.output, running.wait),
    *(waiting.core, waiting.fields, waiting.listed, waiting.settled),
)


@dataclass(frozen=True, slots=True)
class Usual:
    """How a usual `v` is completed: the test that it is one, what becomes of it, when that is in doubt.

    What is in doubt may have yet to come; what a custom scalar (`scalar` is its name) made of it may be nothing.
    """

    test: str
    value: str = "v"
    doubt: str = ""
    scalar: str = ""


@dataclass(frozen=True, slots=True)
class Compiled:
    """The root's functions (one a field where they run one after another), the objects' by type and nodes, the text."""

    roots: list[Function]
    children: dict[tuple[GraphQLObjectType, int], Function]
    source: str

    def start(self, run: Any, source: Any) -> Any:
        """The operation's data, or an awaitable of it."""
        return self.roots[0](run, source, None) if len(self.roots) == 1 else running.serially(run, self.roots, source)


def compile_selection(root: Selection, *, serial: bool) -> Compiled:
    """Compiles the root selection; gives each step with a resolver its `complete`."""
    source = Source()
    names = [
        source.object_function(each) for each in ([Selection([step]) for step in root.steps] if serial else [root])
    ]
    text = "\n".join(source.lines)
    exec(compile(text, "<compiled operation>", "exec"), source.names)  # noqa: S102 (no word of it is a client's)
    for step, name in source.completing.items():
        step.complete = source.names[name]
        step.last = not step.selections or source.quick.function(step, step.definition.type) is not None
    children = {key: source.names[name] for key, name in source.children.items()}
    return Compiled([source.names[name] for name in names], children, text)


class Source:
    """The lines written so far, and what the names in them are bound to."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {each.__name__: each for each in HELPERS}
        self.names |= {"tame": tame, "inf": inf}
        self.bound: dict[int, str] = {}
        self.objects: dict[Selection, str] = {}
        self.children: dict[tuple[GraphQLObjectType, int], str] = {}
        self.lists: dict[tuple[Step, GraphQLOutputType], str] = {}
        self.completing: dict[Step, str] = {}
        self.quick = Quick(self.bind, self.function)

    def bind(self, value: Any) -> str:
        """The name of a constant."""
        name = self.bound.get(id(value))
        if name is None:
            name = self.bound[id(value)] = f"k{len(self.bound)}"
            self.names[name] = value
        return name

    def function(self, parameters: str, *body: str) -> str:
        """Writes a function; its name."""
        name = f"f{len(self.lines)}"
        self.lines += block(f"def {name}({parameters}):", *body)
        return name

    def object_function(self, selection: Selection) -> str:
        """`f(run, o, place)` gives an object with the selection's fields, or an awaitable of it."""
        if selection in self.objects:
            return self.objects[selection]
        for step in selection.steps:
            if self.quick.function(step, step.definition.type) is None:
                for type_, below in step.selections.items():
                    self.children[type_, id(step.details)] = self.object_function(below)
        body, values = ["later = ()"], []
        for number, step in enumerate(selection.steps):
            value = f"a{number}"
            if isinstance(step.kind, Typename):
                value = self.bind(step.parent.name)
            else:
                body += self.field(step, value)
            values.append(f"{self.bind(step.key)}: {value}")
        body += [f"result = {{{', '.join(values)}}}", "return fields(result, later) if later else result"]
        self.objects[selection] = name = self.function("run, o, place", *body)
        return name

    def field(self, step: Step, a: str) -> list[str]:
        """The lines that make `a` the completed value of a field, or an awaitable of it that is noted in `later`."""
        this, body = self.bind(step), []
        place = f"(place, {self.bind(step.key)}, {self.bind(step.parent.name)})"
        if isinstance(step.kind, Attribute):
            body.append(f"v = o.{step.kind.name}")
        else:
            self.completing[step] = self.value_function(step)
            if isinstance(step.kind, Wrapped) or (isinstance(step.kind, Direct) and step.kind.info_name is not None):
                body.append(f"p = {place}")
            body.append(f"v = {self.call(step)}")
        wait, odd = (f"{a}, later = {name}(run, {this}, {v}, place, later)" for name, v in (("wait", a), ("odd", "v")))
        body += self.complete(step, a, place, [wait], odd)
        failed = f"{a} = fail(run, {this}, error, place, later)"
        return [*block("try:", *body), *block("except Exception as error:", failed)]

    def call(self, step: Step) -> str:
        """The call of a field's resolver; `p` is where the field stands."""
        this, kind = self.bind(step), step.kind
        given = self.arguments(step) if step.definition.args or step.node.arguments else []
        if isinstance(kind, Direct):
            named = [f"{name}=o" for name in kind.source_names]
            if kind.info_name is not None:
                named.append(f"{kind.info_name}=LazyInfo(run, {this}, p)")
            first = ["run.context_value"] * kind.by_context + ["o"] * kind.positional
            return f"{self.bind(kind.function)}({', '.join(first + given + named)})"
        assert isinstance(kind, Wrapped)
        function = "run.field_resolver" if kind.resolve is None else self.bind(kind.resolve)
        return f"{function}({', '.join(['o', f'info(run, {this}, p)', *given])})"

    def arguments(self, step: Step) -> list[str]:
        """What follows the source and the info."""
        constant = calling.constant_arguments(step)
        if constant is not None and all(map(is_name, constant)):
            return [f"{name}={self.bind(value)}" for name, value in constant.items()]
        variable = calling.variable_arguments(step)
        if variable is not None:
            return [f"**replaced(run, {', '.join(map(self.bind, variable))})"]
        return [f"**arguments(run, {self.bind(step)})"]

    def value_function(self, step: Step) -> str:
        """`f(run, v, place)` completes what a resolver gave."""
        body = self.complete(step, "r", "place", [], f"r = core(run, {self.bind(step)}, v, place)")
        return self.function("run, v, place", *body, "return r")

    def list_function(self, step: Step, item_type: GraphQLOutputType) -> str:
        """`f(run, values, place)` completes a list or tuple, or gives an awaitable of it."""
        if (step, item_type) in self.lists:
            return self.lists[step, item_type]
        this, type_ = self.bind(step), self.bind(item_type)
        wait = [f"r = settled(run, {this}, {type_}, r, freeze(here))", "later.append(len(out))"]
        cases = self.cases(step, item_type, "r", "here", block("if run.is_awaitable(r):", *wait))
        failed = f"r = run.handle_field_error(error, {type_}, {this}.details, freeze(here))"
        attempt = [*block("except Exception as error:", failed), "out.append(r)"]
        cases = [(test, [*block("try:", *lines), *attempt]) for test, lines in cases]
        otherwise = block(f"if item(run, {this}, {type_}, v, out, here):", "later.append(len(out) - 1)")
        # Items that call resolvers must know their place for later; others ask for it at once, if ever.
        lasting = any(below.resolves for below in step.selections.values())
        self.lists[step, item_type] = name = self.function(
            "run, values, place",
            "out, later, items = [], [], iter(values)",
            *([] if lasting else ["here = (place, out, None)"]),
            *block(
                "try:",
                *block(
                    "for v in items:",
                    *(["here = (place, len(out), None)"] if lasting else []),
                    *choose(cases, otherwise),
                ),
            ),
            *block("except Exception:", "abandon(run, out, later, items)", "raise"),
            "return listed(out, later) if later else out",
        )
        return name

    def complete(self, step: Step, r: str, place: str, wait: list[str], otherwise: str) -> list[str]:
        """The lines that complete `v` into `r`: in one go where it is plain, else case by case; `otherwise` if odd."""
        type_ = step.definition.type
        quick = self.quick.function(step, type_)
        if quick is None:
            return choose(self.cases(step, type_, r, place, wait), [otherwise])
        odd = f"if {r} is None:" if is_non_null_type(type_) else f"if {r} is None and v is not None:"
        return [f"{r} = {quick}(v)", *block(odd, otherwise)]

    def cases(self, step: Step, type_: GraphQLOutputType, r: str, place: str, wait: list[str]) -> Cases:
        """Tests of `v`, and the lines that then complete it into `r`; `wait` for what may be yet to come."""
        cases: Cases = []
        usual = self.usual(step, type_.of_type if is_non_null_type(type_) else type_, place)
        if usual is not None:
            lines = [f"{r} = {usual.value}"]
            checked = [f"{r} = output(run, {usual.scalar}, v, {r})"] if usual.scalar else []
            if usual.doubt and (checked or wait):
                lines += block(f"if {usual.doubt.format(r=r)}:", *checked, *wait)
            cases.append((usual.test, lines))
        if not is_non_null_type(type_):
            cases.append(("v is None", [f"{r} = None"]))
        return cases

    def usual(self, step: Step, type_: GraphQLOutputType, place: str) -> Usual | None:
        """The usual values of a nullable type; None where graphql-core has to look at each."""
        if is_list_type(type_):
            call = f"{self.list_function(step, type_.of_type)}(run, v, {place})"
            return Usual("type(v) is list or type(v) is tuple", call, "type({r}) is not list")
        if is_object_type(type_):
            test = usual_source(type_, self.bind)
            call = f"{self.object_function(step.selections[type_])}(run, v, {place})"
            return None if test is None else Usual(test, call, "type({r}) is not dict")
        if is_enum_type(type_):
            names = self.bind(usual_names(type_))
            return Usual(f"id(v) in {names}", f"{names}[id(v)]")
        if type_ in SCALARS:
            return Usual(SCALARS[type_].format(v="v"))
        if is_scalar_type(type_):
            coerce = self.bind(type_.coerce_output_value)
            return Usual("tame[type(v)]", f"{coerce}(v)", "not tame[type({r})]", self.bind(type_))
        return None


def block(head: str, *lines: str) -> list[str]:
    """A statement with what stands under it."""
    return [head, *(f" {line}" for line in lines)]


def choose(cases: Cases, otherwise: list[str]) -> list[str]:
    """The lines of the first case whose test holds."""
    lines: list[str] = []
    for test, then in cases:
        lines += block(f"{'elif' if lines else 'if'} {test}:", *then)
    return [*lines, *block("else:", *otherwise)] if lines else otherwise
