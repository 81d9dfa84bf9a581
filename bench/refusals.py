"""CPU that hostile documents of 2.5 kB take until they are refused, or compiled and run; the worst known of each kind.

PYTHONPATH=. .venv/bin/python bench/refusals.py [bytes]
"""

import asyncio
import sys
import time
from collections.abc import Callable

from graphql import GraphQLObjectType, GraphQLSchema, get_named_type, is_leaf_type, is_object_type

from gateway.documents import Documents
from gateway.refusal import Refusal
from gateway.schema.root import build_schema, executable
from gateway.settings import Settings, given_settings

BYTES = 2_500
TOLD_MS = 60


def fill(head: str, piece: Callable[[int], str] | str, tail: str, size: int) -> str:
    """As many pieces between head and tail as so many bytes hold."""
    pieces, length, number = list[str](), len(head) + len(tail), 0
    while True:
        text = piece if isinstance(piece, str) else piece(number)
        if length + len(text) > size:
            return head + "".join(pieces) + tail
        pieces.append(text)
        length, number = length + len(text), number + 1


def nested(opening: str, closing: str, size: int, depth: int, *, core: str = "a") -> str:
    """Nested so deep, over and over until it is so long."""
    one = opening * depth + core + closing * depth + " "
    return fill("{", one, "}", size)


def documents(size: int = BYTES) -> dict[str, str]:
    """Hostile documents by what they try."""
    pad = "x" * 20
    return {
        "unknown fields": fill("{", lambda n: f"a{n} ", "}", size),
        "unknown fields, one character": fill("{", "a ", "}", size),
        "one known field over and over": fill("{me{", "id ", "}}", size),
        "one known object over and over": fill("{me{", "balance{due{cents}}", "}}", size),
        "one known object over and over, short": fill("{", "me{id}", "}", size),
        "conflicting arguments": fill("{me{", lambda n: f"ledger(first:{n}){{pageInfo{{endCursor}}}}", "}}", size),
        "conflicting names": fill("{me{", lambda n: f"a:{('id', 'accountLabel')[n % 2]} ", "}}", size),
        "conflicts below one name": fill("{me{", "a:balance{due{cents}}a:balance{due{x:currency}}", "}}", size),
        "conflicts in nested sets": fill("{me{", "balance{due{cents:currency}}balance{due{cents}}", "}}", size),
        "aliases": fill("{me{", lambda n: f"a{n}:id ", "}}", size),
        "root aliases": fill("{", lambda n: f"a{n}:__typename ", "}", size),
        "directives, unknown": fill("{__typename ", "@a", "}", size),
        "directives, known, repeated": fill("{__typename ", "@skip(if:true)", "}", size),
        "directives, without arguments": fill("{__typename ", "@skip ", "}", size),
        "directives on an operation": fill("query ", "@a", "{__typename}", size),
        "directives on variables": fill("query(", lambda n: f"$a{n}:Int@a@a@a ", "){__typename}", size),
        "arguments, unknown": fill("{me{ledger(", lambda n: f"a{n}:1 ", "){__typename}}}", size),
        "arguments, twice": fill("{me{ledger(", "first:1 ", "){__typename}}}", size),
        "arguments, twice, a line each": fill("{me{ledger(", "first:1\n", "){__typename}}}", size),
        "list in an argument": fill("{me{works(states:[", "DONE ", "]){title}}}", size),
        "list in an argument, wrong": fill("{me{works(states:[", "A ", "]){title}}}", size),
        "lists in an argument, nested": "{me{works(states:" + "[" * 190 + "]" * 190 + "){title}}}",
        "objects in an argument, nested": "{node(id:" + "{a:" * 190 + "1" + "}" * 190 + "){id}}",
        "input object, unknown": fill("mutation{logIn(input:{", lambda n: f"a{n}:1 ", "}){__typename}}", size),
        "input object, unknown, long names": fill(
            "mutation{logIn(input:{", lambda n: f"abcde{n}:1 ", "}){__typename}}", size
        ),
        "input object, nested": fill("mutation{logIn(input:{", lambda n: f"a{n}:{{b:1}} ", "}){__typename}}", size),
        "operations, long names": fill("", lambda n: f"query abcdefgh{n}{{me{{accountLabel}}}}", "", size),
        "input object, twice": fill("mutation{logIn(input:{", "password:1 ", "}){__typename}}", size),
        "huge number": f"{{me{{ledger(first:{'9' * (size - 50)}){{__typename}}}}}}",
        "huge float": f"{{me{{ledger(first:1.{'9' * (size - 50)}e999){{__typename}}}}}}",
        "huge string": f'{{node(id:"{"é" * (size - 50)}"){{id}}}}',
        "escaped string": fill('{node(id:"', "\\u00e9", '"){id}}', size),
        "block string": fill('{node(id:"""', "\n ", '"""){id}}', size),
        "comments": fill("", "#\n", "{__typename}", size),
        "commas": fill("", ",", "{__typename}", size),
        "blank lines": fill("", "\n", "{nobody}", size),
        "a line each, wrong": fill("{\n", "a\n", "}", size),
        "unused variables": fill("query(", lambda n: f"$a{n}:Int ", "){__typename}", size),
        "unknown types": fill("query(", lambda n: f"$a{n}:{pad[:3]} ", "){__typename}", size),
        "undefined variables": fill("{me{works(states:[", lambda n: f"$a{n} ", "]){title}}}", size),
        "variables twice": fill("query(", "$a:Int ", "){__typename}", size),
        "variables with defaults": fill("query(", lambda n: f'$a{n}:Int="a" ', "){__typename}", size),
        "variables used by fragments": fill(
            "query(" + "".join(f"$v{n}:Int " for n in range(40)) + "){me{...F0}}",
            lambda n: f"fragment F{n} on Tenant{{...F{n + 1} ledger(first:$v{n % 40}){{__typename}}}}",
            "",
            size,
        ),
        "operations": fill("", lambda n: f"query a{n}{{me{{id}}}}", "", size),
        "operations spreading one fragment": fill(
            "fragment F on Query{__typename}", lambda n: f"query a{n}{{...F}}", "", size
        ),
        "operations spreading a chain": fill(
            "".join(f"fragment F{n} on Query{{...F{n + 1}}}" for n in range(30)) + "fragment F30 on Query{__typename}",
            lambda n: f"query a{n}{{...F0}}",
            "",
            size,
        ),
        "anonymous operations": fill("", "{a}", "", size),
        "subscriptions": fill("", "subscription{a}", "", size),
        "type definitions": fill("", lambda n: f"type A{n} ", "", size),
        "fragments unused": fill("{__typename}", lambda n: f"fragment F{n} on Query{{a}}", "", size),
        "fragments of one name": fill("{...F}", "fragment F on Query{me{id}}", "", size),
        "fragments unknown": fill("{", lambda n: f"...F{n} ", "}", size),
        "fragments in a chain": fill(
            "{...F0}", lambda n: f"fragment F{n} on Query{{...F{n + 1} ...F{n + 1}}}", "", size
        ),
        "fragments in a circle": fill(
            "{me{...F0}}", lambda n: f"fragment F{n} on Tenant{{...F{n + 1}}}", "fragment F999 on Tenant{...F0}", size
        ),
        "fragments, each all others": all_others(size, "Tenant", "{me{...F0}}"),
        "fragments doubling": fill(
            "{me{...F0}}",
            lambda n: f"fragment F{n} on Tenant{{a:works{{...F{n + 1}}}b:works{{...F{n + 1}}}}}",
            "",
            size,
        ),
        "fragments, overlapping": fill(
            "{me{" + "".join(f"...F{n} " for n in range(40)) + "}}",
            lambda n: f"fragment F{n} on Tenant{{balance{{due{{cents}}}}}}",
            "",
            size,
        ),
        "fragments, overlapping and spread twice": fill(
            "{me{" + "".join(f"...F{n} " for n in range(20)) + "}}",
            lambda n: f"fragment F{n} on Tenant{{balance{{...G}}lease{{...H}}}}",
            "fragment G on Balance{due{cents}}fragment H on Lease{reference}",
            size,
        ),
        "inline fragments": fill("{me{", "...{id}", "}}", size),
        "inline fragments, impossible": fill("{me{", "...on Work{id}", "}}", size),
        "inline fragments, nested": nested("...{", "}", size, 100),
        "inline fragments on all nodes": fill("{node(id:1){", "...on Work{id}...on DueNotice{id}", "}}", size),
        "deep": nested("a{", "}", size, 150),
        "deep, as allowed": nested("me{", "}", size, 13),
        "broad and deep": fill("{", "me{balance{due{cents}}works{contractor{name}}}", "}", size),
        "introspection": fill("{__schema{types{", "fields{type{ofType{name}}}", "}}}", size),
        "introspection, deep": "{__schema{types{" + "fields{type{" * 100 + "name" + "}}" * 100 + "}}}",
        "typename": fill("{me{", "__typename ", "}}", size),
        "names that nearly are": fill("{me{", lambda n: f"accountLabe{chr(97 + n % 26)} ", "}}", size),
        "arguments that nearly are": fill(
            "{me{ledger(", lambda n: f"firs{chr(97 + n % 26)}:1 ", "){__typename}}}", size
        ),
        "enum values that nearly are": fill("{me{works(states:[", "DON ", "]){title}}}", size),
    }


def whole_tenant(schema: GraphQLSchema) -> str:
    """A valid document of as many steps as a compiled one may nearly have."""
    aliases = " ".join(f"a{n}:id" for n in range(26))
    tenant = asking_all(schema.type_map["Tenant"], 2)  # type: ignore[arg-type]
    return f"query($a:Boolean=true){{node(id:1){{{aliases} __typename@include(if:$a) ...on Tenant{tenant}}}}}"


def asking_all(type_: GraphQLObjectType, depth: int) -> str:
    """A selection of all fields, so deep."""
    asked = ["__typename"]
    for name, field in type_.fields.items():
        below = get_named_type(field.type)
        if is_leaf_type(below):
            asked.append(name)
        elif is_object_type(below) and depth:
            asked.append(name + asking_all(below, depth - 1))
    return f"{{{' '.join(asked)}}}"


def all_others(size: int, type_: str, head: str) -> str:
    """Fragments that each spread all later ones."""
    for count in range(60, 1, -1):
        fragments = "".join(
            f"fragment F{n} on {type_}{{id {''.join(f'...F{m} ' for m in range(n + 1, count))}}}" for n in range(count)
        )
        if len(head + fragments) <= size:
            return head + fragments
    raise AssertionError


def cpu_ms(schema: GraphQLSchema, settings: Settings, text: str, rounds: int = 5) -> tuple[float, str]:
    """The least CPU that the dearer of two requests took, and the code: the second remembers, or compiles."""
    best, code = float("inf"), "fine"
    with asyncio.Runner() as loop:
        for _ in range(rounds):
            documents_, took = Documents(schema, settings), []
            for _ in range(2):
                began = time.thread_time()
                code = loop.run(ask(documents_, text))
                took.append((time.thread_time() - began) * 1000)
            best = min(best, max(took))
    return best, code


async def ask(documents_: Documents, text: str) -> str:
    """The code of a request that finds nothing, as it has no context."""
    try:
        prepared = documents_.prepare(text, None)
        await documents_.finish(prepared, documents_.start(prepared, None, {}))
    except Refusal as refusal:
        return str(refusal.errors[0]["extensions"]["code"])
    counts = documents_.operations.counts
    return next(each for each in ("compiled", "remembered", "interpreted") if counts[each])


def bench_settings(environment: str) -> Settings:
    """Settings that no server needs."""
    return given_settings(
        environment=environment,
        property_url="http://localhost",
        property_user="a",
        property_password="a",
        billing_url="http://localhost",
        billing_user="a",
        billing_secret="a",
        public_url="http://localhost",
        secret_key="x" * 32,
    )


def main() -> None:
    """Prints them all, the worst first: what it took, the code (or how it was run), bytes."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else BYTES
    schema = executable(build_schema())
    for environment in ("production", "development"):
        settings = bench_settings(environment)
        texts = documents(size) | {"the whole tenant": whole_tenant(schema)}
        found = [(*cpu_ms(schema, settings, text), name, len(text)) for name, text in texts.items()]
        print(f"{environment}: CPU ms until refused or run, code, bytes")
        for took, code, name, length in sorted(found, reverse=True):
            print(f"{took:8.1f}  {code:26} {length:6}  {name}{'  BEYOND' if took > TOLD_MS else ''}")


if __name__ == "__main__":
    main()
