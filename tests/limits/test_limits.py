"""What a document may ask, and what its fields cost, whatever it is wrapped in."""

from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema, get_introspection_query

from gateway.limits import FieldCost, LimitExceeded, Limits, ListSize, Price, inspect, parse
from gateway.limits.walk import MAX_VISITS, Walk

SCHEMA = build_schema("""
  type Query { me: Person  people(first: Int = 10): PersonPage!  node: Node }
  type Mutation { change: Person }
  interface Node { id: ID }
  type Person implements Node { id: ID  name: String  friends: [Person!]!  account: Account  things: [Thing] }
  type Account { cents: Int  owner: Person }
  type Thing implements Node { id: ID }
  type PersonPage { nodes: [Person!]!  edges: [PersonEdge!]!  total: Int }
  type PersonEdge { node: Person! }
""")
COSTS = {
    ("Query", "me"): FieldCost(calls=1),
    ("Query", "people"): FieldCost(calls=2, size=ListSize(10, ("first",), ("nodes", "edges"))),
    ("Person", "account"): FieldCost(calls=1),
    ("Person", "friends"): FieldCost(size=ListSize(4)),
}
LIMITS = Limits(tokens=200, depth=6, aliases=4, root_fields=3, directives=5, calls=100, rows=1_000, introspection=False)


def price(text: str, limits: Limits = LIMITS, schema: GraphQLSchema = SCHEMA, **variables: Any) -> Price:
    """The price of the only operation of a document."""
    (cost,) = inspect(schema, COSTS, limits, parse(text, limits)).costs.values()
    return cost.price(variables)


def refused(text: str, limits: Limits = LIMITS, **variables: Any) -> str | None:
    """The code by which a document, or its operation with these variables, is refused."""
    try:
        document = parse(text, limits)
        facts = inspect(SCHEMA, COSTS, limits, document)
        facts.check(document.definitions[0], variables)  # type: ignore[arg-type]
    except LimitExceeded as error:
        assert error.extensions is not None
        assert error.extensions["code"] == error.code
        return error.code
    return None


@pytest.mark.parametrize(
    ("text", "calls", "rows"),
    [
        ("{ __typename }", 0, 0),
        ("{ me { name } }", 1, 1),
        ("{ me { account { cents } } }", 2, 2),
        ("{ me { friends { name } } }", 1, 5),
        ("{ me { friends { account { cents } } } }", 1 + 4, 1 + 4 * 2),
        ("{ people { total } }", 2, 1),
        ("{ people { nodes { name } } }", 2, 1 + 10),
        ("{ people(first: 3) { nodes { name } } }", 2, 1 + 3),
        ("{ people(first: 3) { nodes { name } edges { node { name } } } }", 2, 1 + 3 + 3 * 2),
        ("{ people(first: null) { nodes { name } } }", 2, 1 + 10),
        ("{ people(first: 7) { nodes { friends { account { cents } } } } }", 2 + 7 * 4, 1 + 7 * (1 + 4 * 2)),
        ("{ a: me { name } b: me { name } }", 2, 2),
        ("{ me { name } me { account { cents } } }", 2, 2),
        (
            "{ me { ...A ...B } } fragment A on Person { account { cents } } fragment B on Person { account { id } }",
            2,
            2,
        ),
        ("{ me { account { cents } ...on Node { id } ...on Person { account { cents } } } }", 2, 2),
        ("{ node { ...on Person { account { cents } } ...on Thing { id } } }", 1, 2),
        ("{ me @skip(if: true) { account @include(if: false) { cents } } }", 2, 2),
        ("mutation { change { account { cents } } }", 1, 2),
    ],
)
def test_what_an_operation_costs(text: str, calls: int, rows: int) -> None:
    assert price(text) == Price(calls, rows)


@pytest.mark.parametrize(
    ("given", "size"), [({}, 10), ({"n": None}, 10), ({"n": 0}, 0), ({"n": 25}, 25), ({"n": -5}, 0)]
)
def test_sizes_that_variables_give(given: dict[str, Any], size: int) -> None:
    """A default of the operation is among the coerced variables."""
    text = "query($n: Int) { people(first: $n) { nodes { friends { name } } } me { name } }"
    assert price(text, **given) == Price(3, 2 + size * 5)


def test_variables_count_through_fragments_and_aliases() -> None:
    text = """query($n: Int, $m: Int) { ...F a: people(first: $m) { ...P } } fragment P on PersonPage { nodes { id } }
              fragment F on Query { people(first: $n) { ...P ...P } }"""
    assert price(text, n=30, m=5) == Price(4, 2 + 30 + 5)


@pytest.mark.parametrize("within", [{"n": 99}, {"n": None}, {}])
def test_too_expensive_by_a_variable(within: dict[str, Any]) -> None:
    text = "query($n: Int) { people(first: $n) { nodes { friends { name } edges: name } } }"
    assert refused(text, **within) is None
    assert refused(text, n=200) == "QUERY_TOO_EXPENSIVE"
    assert refused(text, n=2**31 - 1) == "QUERY_TOO_EXPENSIVE"


DEEP = "{ me { account { owner { account { owner { name } } } } } }"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (DEEP, None),
        (DEEP.replace("name", "account { cents }"), "QUERY_TOO_DEEP"),
        (DEEP.replace("name", "...F") + " fragment F on Person { account { cents } }", "QUERY_TOO_DEEP"),
        (DEEP.replace("name", "... { ... on Person { account { cents } } }"), "QUERY_TOO_DEEP"),
        (DEEP.replace("name", "account @skip(if: true) { cents }"), "QUERY_TOO_DEEP"),
        (DEEP.replace("name", "nonsense { nonsense }"), "QUERY_TOO_DEEP"),
        ("{ me { ...F } } fragment F on Person { account { owner { ...F } } }", "QUERY_TOO_DEEP"),
        ("{ me { id } } fragment F on Person { account { owner { ...F } } }", "QUERY_TOO_DEEP"),
        ("{ me { ...F } } fragment F on Person { ...F }", None),  # validation's to refuse
        ("{ me { ...F ...G } } fragment F on Person { ...G } fragment G on Person { ...F }", None),
        ("query A { me { id } } query B " + DEEP.replace("name", "account { cents }"), "QUERY_TOO_DEEP"),
        ("{ a: me { id } b: me { id } c: me { d: id } }", None),
        ("{ a: me { id } b: me { id } c: me { d: id e: id } }", "TOO_MANY_ALIASES"),
        ("{ a: me { ...F } b: me { ...F } } fragment F on Person { c: id d: id }", "TOO_MANY_ALIASES"),
        ("{ me { a: id a: id a: id a: id a: id a: id } }", None),
        ("{ me: me { id: id name: name } }", None),
        ("{ me { " + " ".join(f"a{n}: nonsense" for n in range(5)) + " } }", "TOO_MANY_ALIASES"),
        ("{ me { ...on Thing { " + " ".join(f"a{n}: id" for n in range(5)) + " } } }", "TOO_MANY_ALIASES"),
        ("{ me { id } node { id } people { total } }", None),
        ("{ me { id } node { id } people { total } __typename }", "TOO_MANY_ROOT_FIELDS"),
        ("{ ...F ...G } fragment F on Query { me { id } node { id } } fragment G on Query { people { id } __typename }",
         "TOO_MANY_ROOT_FIELDS"),
        ("mutation { a: change { id } b: change { id } c: change { id } d: change { id } }", "TOO_MANY_ROOT_FIELDS"),
        ("query A { me { id } } query B { me { id } } query C { me { id } }", None),
        ("query A { me { id } } query B { a } query C { a } query D { a }", "TOO_MANY_ROOT_FIELDS"),
        ("{ me @a @a @a @a @a { id } }", None),
        ("{ me @a @a @a @a @a @a { id } }", "TOO_MANY_DIRECTIVES"),
        ("query @a @a @a @a @a @a { me { id } }", "TOO_MANY_DIRECTIVES"),
        ("query($n: Int @a @a @a @a @a @a) { me { id } }", "TOO_MANY_DIRECTIVES"),
        ("{ me { ...F @a @a @a @a @a @a } } fragment F on Person { id }", "TOO_MANY_DIRECTIVES"),
        ("{ me { ... @a @a @a @a @a @a { id } } }", "TOO_MANY_DIRECTIVES"),
        ("{ me { ...F } } fragment F on Person @a @a @a @a @a @a { id }", "TOO_MANY_DIRECTIVES"),
        ("{ x: me { ...F } y: me { ...F } } fragment F on Person { id @a @a @a }", "TOO_MANY_DIRECTIVES"),
        ("{ people(first: 500) { nodes { friends { id } } } }", "QUERY_TOO_EXPENSIVE"),
        (f"{{ people(first: {'9' * 5_000}) {{ nodes {{ id }} }} }}", "QUERY_TOO_EXPENSIVE"),
        ("{ people(first: 30) { nodes { friends { account { cents } } } } }", "QUERY_TOO_EXPENSIVE"),
        ("{ __schema { types { name } } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ ...F } fragment F on Query { x: __type(name: \"a\") { name } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ " + "id " * 300 + "}", "TOO_MANY_TOKENS"),
        ("#\n" * 300 + "{ id }", "TOO_MANY_TOKENS"),
    ],
)  # fmt: skip
def test_limits(text: str, code: str | None) -> None:
    assert refused(text) == code


def test_introspection_has_a_depth_of_its_own_where_it_is_on() -> None:
    limits = Limits(tokens=500, depth=3, aliases=0, root_fields=1, directives=0, calls=0, rows=100, introspection=True)
    assert refused(get_introspection_query(), limits) is None
    deeper = "{ __schema { types { " + "ofType { " * 20 + "name" + " }" * 23
    assert refused(deeper, limits) == "QUERY_TOO_DEEP"
    assert refused("{ me { account { owner { id } } } }", limits) == "QUERY_TOO_DEEP"


WIDE = Limits(
    tokens=10_000, depth=10_000, aliases=10**99, root_fields=10**99, directives=10**99, calls=10**99, rows=10**99,
    introspection=True,
)  # fmt: skip


@pytest.mark.parametrize(
    "fragment",
    [
        "fragment F{n} on Person {{ account {{ owner {{ ...F{m} }} }} a: account {{ owner {{ ...F{m} }} }} }}",
        "fragment F{n} on Person {{ ...F{m} ...F{m} friends {{ ...F{m} }} f: friends {{ ...F{m} }} }}",
        "fragment F{n} on Person {{ ... {{ ...F{m} }} ... {{ ...F{m} }} }}",
    ],
)
def test_fragments_that_double_are_walked_once(fragment: str) -> None:
    """Thirty of them would be a thousand million fields."""
    fragments = " ".join(fragment.format(n=n, m=n + 1) for n in range(30))
    document = parse("query($n: Int) { me { ...F0 } } fragment F30 on Person { things { id } } " + fragments, WIDE)
    walk = Walk(SCHEMA, COSTS, WIDE, document)
    cost = walk.operation(document.definitions[0])  # type: ignore[arg-type]
    assert walk.visits < MAX_VISITS
    assert cost.price({}).rows >= 2


def test_fragments_that_double_with_a_variable_are_added_up_once() -> None:
    page = "fragment F{n} on Query {{ people(first: $n) {{ nodes {{ friends {{ ...G{n} }} }} }} }}"
    doubling = "fragment G{n} on Person {{ a: friends {{ ...G{m} }} b: friends {{ ...G{m} }} }}"
    text = "query($n: Int) { ...F0 } " + page.format(n=0)
    text += " ".join(doubling.format(n=n, m=n + 1) for n in range(60)) + " fragment G60 on Person { id }"
    (cost,) = inspect(SCHEMA, COSTS, Limits(**{**_values(WIDE), "rows": 10**999}), parse(text, WIDE)).costs.values()
    assert cost.price({"n": 2}).rows > 8**60


def _values(limits: Limits) -> dict[str, Any]:
    return {name: getattr(limits, name) for name in limits.__slots__}


def test_a_document_that_is_walked_in_ever_new_combinations_is_refused() -> None:
    """Each fragment spreads all later ones below another field, so that no two places ask the same."""
    count = 40
    fragments = " ".join(
        f"fragment F{n} on Person {{ {' '.join(f'a{n}{m}: friends {{ ...F{m} }}' for m in range(n + 1, count))} id }}"
        for n in range(count)
    )
    walk_limits = Limits(**{**_values(WIDE), "rows": 10**999})
    document = parse("{ me { ...F0 } } " + fragments, walk_limits)
    walk = Walk(SCHEMA, COSTS, walk_limits, document)
    try:
        walk.operation(document.definitions[0])  # type: ignore[arg-type]
    except LimitExceeded as error:
        assert error.code == "QUERY_TOO_EXPENSIVE"
    assert walk.visits <= MAX_VISITS + 1


def test_facts_hold_for_every_request_with_that_document() -> None:
    document = parse("query A($n: Int) { people(first: $n) { nodes { id } } } query B { me { id } }", LIMITS)
    facts = inspect(SCHEMA, COSTS, LIMITS, document)
    assert facts.costs["A"].price({"n": 1}).rows == 2
    assert facts.costs["A"].price({"n": 2}).rows == 3
    assert facts.costs["B"].price({}) == Price(1, 1)
    for node in document.definitions:
        facts.check(node, {"n": 3})  # type: ignore[arg-type]
