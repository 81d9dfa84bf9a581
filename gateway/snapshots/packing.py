"""Models as few bytes and back, and the mark that a value could not be asked for again."""

import dataclasses
import hashlib
import zlib
from datetime import datetime
from functools import cache
from typing import Any, Final, Generic, TypeVar, get_args, get_type_hints

import msgspec

from gateway.models.freshness import Freshness

V = TypeVar("V")


_SHORT: Final = 512
"""Bytes up to which nothing is compressed: it would take ten times as long as the rest, and save a tenth or nothing."""
_COMPRESSED: Final = b"x"
"""What zlib begins with; MessagePack's arrays begin otherwise."""


class Packed(msgspec.Struct, array_like=True):
    """A value with the moments between which it is fresh."""

    asked_at: datetime
    fresh_until: datetime
    value: msgspec.Raw


class Packing(Generic[V]):
    """Packs values of one type. `form` changes with the type, so that no version misreads what another has written."""

    def __init__(self, shape: Any) -> None:
        self.form = hashlib.sha256(repr(msgspec.inspect.type_info(shape)).encode()).hexdigest()[:12]
        self._encoder = msgspec.msgpack.Encoder(decimal_format="string")
        self._decoder: msgspec.msgpack.Decoder[V | None] = msgspec.msgpack.Decoder(shape | None)
        self._frame = msgspec.msgpack.Decoder(Packed)

    def pack(self, asked_at: datetime, fresh_until: datetime, value: V | None) -> bytes:
        """All three as bytes."""
        framed = Packed(asked_at, fresh_until, msgspec.Raw(self._encoder.encode(value)))
        packed = self._encoder.encode(framed)
        return packed if len(packed) <= _SHORT else zlib.compress(packed, 1)

    def unpack(self, packed: bytes) -> tuple[datetime, datetime, V | None]:
        """What was packed. Raises ValueError for anything else."""
        try:
            framed = self._frame.decode(zlib.decompress(packed) if packed.startswith(_COMPRESSED) else packed)
            return framed.asked_at, framed.fresh_until, self._decoder.decode(framed.value)
        except (msgspec.MsgspecError, zlib.error) as error:
            raise ValueError("not packed here") from error


def can_be_marked(value: object) -> bool:
    """Whether a value can say that it is stale: not None, and no empty list."""
    return value is not None and value != ()


def learn_marks(shape: Any) -> None:
    """Finds out where values of that type tell how fresh they are: before the first of them has to be marked."""
    _leads_to_freshness(shape)


def as_stale(value: V) -> V:
    """The same value, marked stale wherever it tells how fresh it is."""
    return _marked(value)  # type: ignore[no-any-return]


def _marked(value: Any) -> Any:
    if type(value) is tuple:
        return tuple(map(_marked, value))
    if isinstance(value, Freshness):
        return dataclasses.replace(value, stale=True)
    names = _names_to_mark(type(value))  # type: ignore[arg-type]  # a class can be hashed, whatever its values can
    if not names:
        return value
    replace = msgspec.structs.replace if isinstance(value, msgspec.Struct) else dataclasses.replace
    return replace(value, **{name: _marked(getattr(value, name)) for name in names})


@cache
def _names_to_mark(cls: type) -> tuple[str, ...]:
    """The fields of a model, dataclass or Struct, that hold a freshness somewhere below."""
    if not (dataclasses.is_dataclass(cls) or issubclass(cls, msgspec.Struct)):
        return ()
    return tuple(name for name, hint in get_type_hints(cls).items() if _leads_to_freshness(hint))


def _leads_to_freshness(hint: Any) -> bool:
    if hint is Freshness:
        return True
    if parts := get_args(hint):
        return any(map(_leads_to_freshness, parts))
    return isinstance(hint, type) and bool(_names_to_mark(hint))
