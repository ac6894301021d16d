"""Bodies that are no plain JSON object of our kind: refused by every route that takes JSON, and nothing changes."""

from __future__ import annotations

import gzip
import json
import zlib

from tests.support.worlds import World
from tests.web.test_hostile_routes import Prepare, assert_problem, every_json_route

NOT_OUR_JSON: dict[str, bytes] = {
    "empty": b"",
    "blank": b" \r\n",
    "open": b"{",
    "list": b"[]",
    "text": b'"x"',
    "null": b"null",
    "number": b"1",
    "true": b"true",
    "single quotes": b"{'a':1}",
    "comment": b'{"a":1}//',
    "comma": b'{"a":1,}',
    "two": b"{}{}",
    "nan": b'{"nodes":NaN}',
    "infinity": b'{"nodes":-Infinity}',
    "1e400": b'{"nodes":1e400}',
    "5000 digits": b'{"nodes":' + b"9" * 5_000 + b"}",
    "double name": b'{"email":"a@b.example","email":"c@d.example"}',
    "nesting 200": b'{"a":' * 200 + b"1" + b"}" * 200,
    "nesting 30000 lists": b"[" * 30_000 + b"]" * 30_000,
    "bad utf-8": b'{"name":"\xff"}',
    "utf-8 of a surrogate": b'{"name":"\xed\xa2\x88"}',
    "overlong utf-8": b'{"name":"\xc0\x80"}',
    "utf-16": '{"name":"x"}'.encode("utf-16"),
    "utf-16 without mark": '{"name":"x"}'.encode("utf-16-le"),
    "utf-32": '{"name":"x"}'.encode("utf-32"),
    "bom": b'\xef\xbb\xbf{"name":"x"}',
    "nul": b'{"name":"a\x00b"}',
    "nul after": b"{}\x00",
    "surrogate in a value": rb'{"name":"\ud888"}',
    "surrogate in a name": rb'{"\udc00":1}',
    "surrogates in the wrong order": rb'{"name":"\udc00\ud800"}',
}
TOO_LONG: dict[str, bytes] = {
    "nesting 100000": b'{"a":' * 600_000,
    "text": b'{"name":"' + b"x" * (3 * 1024 * 1024) + b'"}',
    "blank": b" " * (3 * 1024 * 1024),
}
OTHER_TYPES = (
    "text/plain",
    "text/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/xml",
    "application/merge-patch+json",
    "application/json, application/json",
    "json",
    ";",
)


@every_json_route
def test_a_body_that_is_no_strict_json_object_is_malformed(world: World, prepare: Prepare) -> None:
    good = prepare(world)
    before = world.rows()

    answers = {name: good.send(world, body) for name, body in NOT_OUR_JSON.items()}

    for name, answer in answers.items():
        assert_problem(answer, 400, sent=name)
        assert answer.get_json()["code"] == "MALFORMED"
    assert world.rows() == before


@every_json_route
def test_a_body_that_is_too_long_is_refused_unread(world: World, prepare: Prepare) -> None:
    good = prepare(world)
    before = world.rows()

    answers = {name: good.send(world, body) for name, body in TOO_LONG.items()}

    for name, answer in answers.items():
        assert_problem(answer, 413, sent=name)
    assert world.rows() == before


@every_json_route
def test_a_good_body_of_another_media_type_is_refused(world: World, prepare: Prepare) -> None:
    good = prepare(world)
    data, before = json.dumps(good.body).encode(), world.rows()

    answers = {content_type: good.send(world, data, content_type) for content_type in OTHER_TYPES}

    for content_type, answer in answers.items():
        assert_problem(answer, 415, sent=content_type)
    assert world.rows() == before


@every_json_route
def test_a_good_body_without_a_media_type_is_refused(world: World, prepare: Prepare) -> None:
    good = prepare(world)
    before = world.rows()

    answer = world.client.open(good.path, method="POST", data=json.dumps(good.body).encode(), headers=good.headers)

    assert_problem(answer, 415)
    assert world.rows() == before


@every_json_route
def test_a_compressed_body_is_refused_before_it_is_opened(world: World, prepare: Prepare) -> None:
    good = prepare(world)
    data, before = json.dumps(good.body).encode(), world.rows()
    bomb = gzip.compress(b" " * 20_000_000)

    answers = [
        good.send(world, gzip.compress(data), Content_Encoding="gzip"),
        good.send(world, zlib.compress(data), Content_Encoding="deflate"),
        good.send(world, data, Content_Encoding="br"),
        good.send(world, bomb, Content_Encoding="gzip"),
    ]

    for answer in answers:
        assert_problem(answer, 413, 415)
    assert world.rows() == before


@every_json_route
def test_compressed_bytes_that_do_not_say_so_are_malformed(world: World, prepare: Prepare) -> None:
    good = prepare(world)
    before = world.rows()

    answer = good.send(world, gzip.compress(json.dumps(good.body).encode()))

    assert_problem(answer, 400)
    assert world.rows() == before
