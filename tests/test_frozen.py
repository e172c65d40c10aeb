"""What `@frozen` promises: all that a frozen dataclass with slots does."""

import copy
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace
from typing import Any

import pytest

from octavo.frozen import frozen


@frozen
class Place:
    """A noun."""

    left: float
    top: float = 0.0
    names: list[str] = field(default_factory=list)
    source: str = field(default="", compare=False, repr=False)

    @property
    def double(self) -> float:
        return 2 * self.left


@frozen
class Named(Place):
    """With more fields, one of them by its name only, and one that follows from the others."""

    kind: str = field(default="thing", kw_only=True)
    length: int = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "length", len(self.kind))


@dataclass(frozen=True, slots=True)
class Usual:
    """The same as the library makes it."""

    left: float
    top: float = 0.0
    names: tuple[str, ...] = ()


@frozen
class Ours:
    left: float
    top: float = 0.0
    names: tuple[str, ...] = ()


def test_nothing_of_it_can_be_set_or_added() -> None:
    place: Any = Place(1)
    for name in ("left", "other"):
        with pytest.raises(FrozenInstanceError):
            setattr(place, name, 2)
    with pytest.raises(FrozenInstanceError):
        del place.left
    assert place.left == 1
    assert not hasattr(place, "__dict__")


def test_a_value_that_is_made_is_made_for_each() -> None:
    one, other = Place(1), Place(1)
    one.names.append("a")
    assert other.names == []


def test_it_is_equal_to_its_like_alone_and_hashed_like_the_librarys() -> None:
    assert Place(1, 2, [], "a") == Place(1, 2, [], "b")
    assert Place(1) != Place(2)
    assert Place(1) != Named(1)
    assert hash(Ours(1, 2, ("a",))) == hash(Usual(1, 2, ("a",)))  # sets keep their order, and so does what is read
    assert repr(Ours(1, 2)) == repr(Usual(1, 2)).replace("Usual", "Ours")
    assert "source" not in repr(Place(1))


def test_one_that_derives_from_another_has_its_fields_first() -> None:
    named = Named(1, 2, kind="table")
    assert [part.name for part in fields(named)] == ["left", "top", "names", "source", "kind", "length"]
    assert (named.double, named.kind, named.length) == (2, "table", 5)
    with pytest.raises(TypeError):
        Named(1, 2, [], "", "table")  # type: ignore[misc]


def test_it_is_replaced_copied_and_pickled() -> None:
    place = Named(1, 2, ["a"], "here", kind="x")
    assert replace(place, top=3, kind="four") == Named(1, 3, ["a"], kind="four")
    for again in (copy.copy(place), copy.deepcopy(place), pickle.loads(pickle.dumps(place))):
        assert again == place
        assert (again.source, again.length) == ("here", 1)


def test_it_is_taken_apart_by_its_place_in_a_pattern() -> None:
    match Ours(1, 2):
        case Ours(left, top):
            assert (left, top) == (1, 2)
