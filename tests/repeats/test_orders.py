"""Dumps in every order of their parts, one to five copies: no block of the article is lost or doubled."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import orders

ORDERS = 8  # of each number of copies


@pytest.mark.parametrize("name", orders.NAMES)
def test_blocks_remain_in_any_order_of_the_parts(name: str) -> None:
    if not orders.is_there(name):
        pytest.skip("needs the seed page in ../shared")
    found = [each for copies in orders.COPIES for each in orders.outcomes(name, copies, ORDERS)]
    wrong = [each for each in found if each.lost or each.doubled or not each.in_order]
    assert not wrong, [line for each in wrong for line in orders.told(each)]


def test_parts_make_the_whole_dump() -> None:
    parts = orders.dump("zh-app-page-twice")
    assert parts.has_stray
    assert len(parts.chrome) >= 3
    found = orders.outcome(parts, ["0", "H", "1", "A", "2", "A", *map(str, range(3, len(parts.chrome)))])
    assert found.right, list(orders.told(found))


def test_a_lost_and_a_doubled_block_are_told() -> None:
    parts = orders.dump("zh-app-page-twice")
    nothing = orders.outcome(parts, ["0"])
    assert nothing.lost == parts.article
    assert not nothing.right
    assert len(list(orders.told(nothing))) > len(parts.article)


def test_orders_are_all_or_drawn_alike_each_time() -> None:
    parts = orders.dump("es-bloque-unico")
    assert len(list(orders.orders(parts, 1, 99))) == len({*orders.orders(parts, 1, 99)})
    seed = orders.dump("zh-app-page-twice")
    drawn = list(orders.orders(seed, 3, 5))
    assert drawn == list(orders.orders(seed, 3, 5))
    assert all(sorted(order).count("A") == 3 for order in drawn)
