"""Queries compiled once: building and compiling one costs Django ten times what the database takes to answer it.

For the few statements that every message, call and request makes. The SQL is Django's own, for either database, and
what comes back are the same model instances; only the way from a QuerySet to its SQL is gone once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Expression, F, Field, Model, Q, QuerySet
from django.db.models.functions import Greatest
from django.db.models.query import ValuesListIterable, get_related_populators
from django.db.models.sql import InsertQuery, UpdateQuery
from django.db.transaction import TransactionManagementError

Row = TypeVar("Row")
_SIMPLE = (str, int, float, bool, type(None))


class Given(Expression):
    """A place in a prepared query for a value that comes with each call; a moment or a UUID needs its field."""

    def __init__(self, name: str, field: Any = None) -> None:
        super().__init__(output_field=field)
        self.name = name
        self._field = field

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "%s", [self]

    def bound(self, values: Mapping[str, Any]) -> Any:
        value, field = values[self.name], self._field
        if field is not None:
            return field.get_db_prep_save(value, connection)
        if not isinstance(value, _SIMPLE):
            raise TypeError(f"{self.name} needs its field to be given")
        return value


@dataclass(frozen=True, slots=True)
class More:
    """For `update`: what stands there and this much more."""

    amount: int

    def expression(self, name: str, place: Given) -> Any:
        return F(name) + place


@dataclass(frozen=True, slots=True)
class Less(More):
    """The same with so much less, and nothing below zero."""

    def expression(self, name: str, place: Given) -> Any:
        return Greatest(F(name) - place, 0)


@dataclass(frozen=True, slots=True)
class _Statement:
    sql: str
    places: Sequence[Any]
    locks: bool = False

    def run(self, cursor: Any, values: Mapping[str, Any]) -> None:
        cursor.execute(
            self.sql, [place.bound(values) if type(place) is Given else place for place in self.places]
        )


class Prepared(Generic[Row]):
    """A SELECT, built by `build` at its first use; `Given` stands where `all` and `first` put their arguments."""

    def __init__(self, build: Callable[[], QuerySet[Any, Row]]) -> None:
        self._build = build
        self._compiled: tuple[_Statement, Any, Any] | None = None

    def all(self, **values: Any) -> list[Row]:
        """Model instances, or tuples where the query asks for `values_list`."""
        return self.made(self.raw(**values))

    def raw(self, **values: Any) -> list[Any]:
        """The rows as they come from the driver: of two that are equal `made` makes equal instances."""
        statement, _, _ = self._compiled or self._compile()
        if statement.locks and not connection.in_atomic_block:
            raise TransactionManagementError("rows are locked inside a transaction only")
        with connection.cursor() as cursor:
            statement.run(cursor, values)
            rows: list[Any] = cursor.fetchall()
        return rows

    def made(self, rows: list[Any]) -> list[Row]:
        """What `raw` gave, as `all` would have given it."""
        _, converted, built = self._compiled or self._compile()
        return [built(row) for row in converted(rows)]

    def first(self, **values: Any) -> Row | None:
        """The first row; a query that may find many should be sliced where it is built."""
        return next(iter(self.all(**values)), None)

    def _compile(self) -> tuple[_Statement, Any, Any]:
        rows: Any = self._build()
        if rows.query.annotations or rows._prefetch_related_lookups:
            raise TypeError(
                "a prepared query gives rows and what they join, nothing computed and nothing prefetched"
            )
        compiler = rows.query.get_compiler(connection=connection)
        sql, places = compiler.as_sql()
        # What is kept must not keep this thread's connection alive: values are converted with one never opened.
        compiler.connection = connection.copy()
        converters = compiler.get_converters([each[0] for each in compiler.select])
        converted = (lambda found: compiler.apply_converters(found, converters)) if converters else iter
        built = tuple if issubclass(rows._iterable_class, ValuesListIterable) else _builder(compiler)
        statement = _Statement(sql, tuple(places), locks=rows.query.select_for_update)
        self._compiled = statement, converted, built
        return self._compiled


def _builder(compiler: Any) -> Callable[[Sequence[Any]], Any]:
    """How a row becomes a model instance with its joined ones, as Django's own ModelIterable does it."""
    info, select = compiler.klass_info, compiler.select
    first, last = info["select_fields"][0], info["select_fields"][-1] + 1
    names = [column[0].target.attname for column in select[first:last]]
    populators: Any = get_related_populators
    joined, model, alias = (
        populators(info, select, connection.alias),
        info["model"],
        connection.alias,
    )

    def built(row: Sequence[Any]) -> Any:
        instance = model.from_db(alias, names, row[first:last])
        for populator in joined:
            populator.populate(row, instance)
        return instance

    return built


def update(model: type[Model], where: Q, values: Mapping[str, Any]) -> int:
    """`model.objects.filter(where).update(**values)`, compiled once for each shape of condition and set of names.

    Expressions belong to the shape by identity: they should be constants of a module, or cached. What a column is to
    have more or less comes as More or Less.
    """
    given: dict[str, Any] = {
        f"={name}": value.amount if isinstance(value, More) else value
        for name, value in values.items()
        if _is_plain(value)
    }
    shape = _shape(where, given), tuple((name, _kind_of(value)) for name, value in values.items())
    statement = _kept((model, shape), lambda: _compiled_update(model, where, values))
    with connection.cursor() as cursor:
        statement.run(cursor, given)
        changed: int = cursor.rowcount
    return changed


def exists(model: type[Model], where: Q) -> bool:
    """`model.objects.filter(where).exists()`, compiled once for each shape of condition."""
    given: dict[str, Any] = {}
    shape = _shape(where, given)
    statement = _kept((model, shape, "exists"), lambda: _compiled_exists(model, where))
    with connection.cursor() as cursor:
        statement.run(cursor, given)
        return cursor.fetchone() is not None


def _kept(key: Any, compiled: Callable[[], _Statement]) -> _Statement:
    statement = _statements.get(key)
    if statement is None:
        if len(_statements) >= _MOST:
            _statements.clear()
        statement = _statements[key] = compiled()
    return statement


_MOST = 500
_statements: dict[Any, _Statement] = {}


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """An expression by identity, and kept, so that no other gets its; comparing what is in it would cost too much."""

    it: Any

    @classmethod
    def of(cls, value: Any) -> _Same | None:
        return None if _is_plain(value) else cls(value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.it is other.it

    def __hash__(self) -> int:
        return id(self.it)


def _kind_of(value: Any) -> Any:
    return type(value) if isinstance(value, More) else _Same.of(value)


def _is_plain(value: Any) -> bool:
    return not hasattr(value, "resolve_expression")


def _is_place(child: tuple[str, Any]) -> bool:
    """Whether this condition's value may differ from call to call; `x=None` and `x__isnull` are other SQL."""
    return "__" not in child[0] and child[1] is not None and _is_plain(child[1])


def _shape(where: Q, given: dict[str, Any]) -> tuple[Any, ...]:
    """The condition without the values that go to `given`, each under the place where it stands."""
    parts: list[Any] = [where.connector, where.negated]
    for child in where.children:
        if isinstance(child, Q):
            parts.append(_shape(child, given))
        elif not isinstance(child, tuple):
            parts.append(_Same(child))
        elif _is_place(child):
            given[f"?{len(given)}"] = child[1]
            parts.append(child[0])
        elif _is_plain(child[1]) and not isinstance(child[1], _SIMPLE):
            raise TypeError(f"{child[0]} of a prepared statement needs a plain value or an expression")
        else:
            parts.append((child[0], child[1] if _is_plain(child[1]) else _Same(child[1])))
    return tuple(parts)


def _compiled_update(model: type[Model], where: Q, values: Mapping[str, Any]) -> _Statement:
    places: dict[str, Any] = {f"={name}": value for name, value in values.items() if _is_plain(value)}
    rows = model._default_manager.filter(_with_places(model, where, places))
    query: Any = rows.query.chain(UpdateQuery)
    query.add_update_values({name: _assigned(model, name, value) for name, value in values.items()})
    sql, found = query.get_compiler(connection=connection).as_sql()
    return _Statement(sql, tuple(found))


def _assigned(model: type[Model], name: str, value: Any) -> Any:
    if not _is_plain(value):
        return value
    place = Given(f"={name}", model._meta.get_field(name))
    return value.expression(name, place) if isinstance(value, More) else place


def _compiled_exists(model: type[Model], where: Q) -> _Statement:
    query = model._default_manager.filter(_with_places(model, where, {})).query.exists()
    sql, found = query.get_compiler(connection=connection).as_sql()
    return _Statement(sql, tuple(found))


def _with_places(model: type[Model], where: Q, places: dict[str, Any]) -> Q:
    """The same walk as `_shape`, so that place and value meet."""
    made = Q()
    made.connector, made.negated = where.connector, where.negated
    for child in where.children:
        if isinstance(child, Q):
            made.children.append(_with_places(model, child, places))
        elif isinstance(child, tuple) and _is_place(child):
            field = model._meta.pk if child[0] == "pk" else model._meta.get_field(child[0])
            made.children.append((child[0], Given(f"?{len(places)}", field)))
            places[f"?{len(places)}"] = child[1]
        else:
            made.children.append(child)
    return made


def insert(row: Model) -> None:
    """`row.save(force_insert=True)` without its signals, for models whose defaults are Python's."""
    sql, fields = _insertion(type(row))
    with connection.cursor() as cursor:
        cursor.execute(
            sql, [field.get_db_prep_save(field.pre_save(row, add=True), connection) for field in fields]
        )
        row.pk = cursor.fetchone()[0]
    row._state.adding, row._state.db = False, connection.alias


@lru_cache(maxsize=64)
def _insertion(model: type[Model]) -> tuple[str, Sequence[Field[Any, Any]]]:
    meta = model._meta
    fields = [field for field in meta.local_concrete_fields if field is not meta.pk]
    query = InsertQuery(model)
    query.insert_values(fields, [model()])
    compiler: Any = query.get_compiler(connection=connection)
    compiler.returning_fields = [meta.pk]
    [(sql, places)] = compiler.as_sql()
    if len(places) != len(fields):
        raise TypeError(f"{model.__name__} has defaults of the database")
    return sql, fields
