"""The whole schema, put together."""

import graphql
import strawberry

from gateway.schema.advice import Advice
from gateway.schema.balance import DueNotice
from gateway.schema.mutation import Mutation
from gateway.schema.query import Query
from gateway.schema.scalars import config
from gateway.schema.work import Work


def build_schema() -> strawberry.Schema:
    """The schema; types that only `node` can give are named here."""
    return strawberry.Schema(Query, Mutation, types=[Advice, DueNotice, Work], config=config())


def executable(schema: strawberry.Schema) -> graphql.GraphQLSchema:
    """The same as graphql-core runs it."""
    return schema._schema


def print_schema() -> str:
    """The schema as a document, as it stands in schema.graphql."""
    return build_schema().as_str().rstrip() + "\n"
