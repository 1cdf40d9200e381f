"""Calls and answers as bytes: what is encoded can be decoded again by anyone who reads the head of wire.py."""

import contextlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from minigrad.lesson import wire


def decoded(content):
    """An answer, read as the page reads it."""
    length = int.from_bytes(content[:4], "little")
    header = json.loads(content[4 : 4 + length])
    base = (4 + length + 7) // 8 * 8
    assert len(content) % 8 == 0

    def revive(value):
        if isinstance(value, list):
            return [revive(part) for part in value]
        if isinstance(value, dict) and "$array" in value:
            assert (base + value["offset"]) % 8 == 0
            count = int(np.prod(value["shape"], dtype=int))
            return np.frombuffer(content, wire.DTYPES[value["dtype"]], count, base + value["offset"]).reshape(
                value["shape"]
            )
        if isinstance(value, dict):
            return {key: revive(part) for key, part in value.items()}
        return value

    return revive(header)


shapes = arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(
    plain, st.sampled_from(["f4", "f8", "u1", "i4"]).flatmap(lambda d: arrays.arrays(d, shapes)), arrays.arrays("f8", 3)
)
def test_there_and_back(data, first, second):
    found = decoded(wire.encode({"data": data, "first": first, "more": [second]}))
    assert found["data"] == data
    for got, given_array in ((found["first"], first), (found["more"][0], second)):
        assert got.dtype == given_array.dtype
        np.testing.assert_array_equal(got, given_array)


def test_one_encoding_by_hand():
    header = b'{"a":{"$array":0,"dtype":"f4","shape":[1],"offset":0}}'
    content = wire.encode({"a": np.array([1.0], np.float32)})
    assert content[:4] == len(header).to_bytes(4, "little")
    assert content[4 : 4 + len(header)] == header
    assert content[-8:] == b"\0\0\x80?\0\0\0\0"


@pytest.mark.parametrize(
    ("array", "dtype"),
    [
        (np.array([1, -2]), "i4"),
        (np.array([True, False]), "u1"),
        (np.arange(6.0).reshape(2, 3).T, "f8"),
        (np.array([1.5], ">f4"), "f4"),
        (np.array([7], np.uint16), "i4"),
    ],
)
def test_other_arrays_are_brought_to_the_four_dtypes(array, dtype):
    found = decoded(wire.encode({"a": array}))["a"]
    assert found.dtype.str[1:] == dtype
    np.testing.assert_array_equal(found, array)


def test_what_json_has_no_word_for_is_null():
    found = decoded(wire.encode({"a": float("nan"), "b": [np.float32("inf")], "c": np.array([np.nan])}))
    assert (found["a"], found["b"]) == (None, [None])
    assert np.isnan(found["c"]).all()


@pytest.mark.parametrize("value", [{1, 2}, object(), np.array(["a"]), np.array([2**31]), np.array([1j])])
def test_what_cannot_be_told(value):
    with pytest.raises(TypeError, match="an answer"):
        wire.encode({"a": value})


@pytest.mark.parametrize(
    ("request_", "match"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"\xff\xfe\xfd", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b'{"kw": {"a": NaN}}', "no JSON"),
        (b"[]", "an object of arguments"),
        (b'{"kw": []}', "an object of arguments"),
        (b'{"kw": {}, "more": 1}', "an object of arguments"),
        (b" " * (wire.LARGEST + 1), "too long"),
    ],
)
def test_what_is_no_request(request_, match):
    with pytest.raises(wire.RequestError, match=match):
        wire.decode(request_)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_request_or_refused(content):
    with contextlib.suppress(wire.RequestError):
        assert isinstance(wire.decode(content), dict)


def test_answers():
    class Echo:
        def say(self, word):
            return {"word": word}

        def fail(self):
            raise KeyError

    ask = lambda method, body: wire.answer(Echo(), ("say", "fail"), method, body)  # noqa: E731
    assert decoded(ask("say", '{"kw": {"word": "ä"}}')[0]) == {"word": "ä"}
    for method, body, match in [
        ("shout", "{}", "no method 'shout'"),
        ("say", '{"kw": {"loud": 1}}', "unexpected keyword"),
        ("say", "", "no JSON"),
        ("fail", "{}", "KeyError"),
    ]:
        content, well = ask(method, body)
        assert not well
        assert match in decoded(content)["error"]


def test_an_error_does_not_send_back_all_that_was_sent(shared):
    content, well = wire.answer(shared, ["source"], "source", json.dumps({"kw": {"method": "x" * 100_000}}))
    assert not well
    assert len(content) < 600
