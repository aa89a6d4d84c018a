"""Marks on a chart in a real browser: each can be read, however close they are."""
import itertools
import time

import pytest
import requests

from conftest import wait_for
from pages import visit
from webapp import start, web, write_history  # noqa: F401 (fixtures)

NAME = "shop.orders"


@pytest.fixture
def page(driver, web):  # noqa: F811
    with visit(driver, web) as page:
        page.web = web
        yield page


def mark(web, at, text):  # noqa: F811
    requests.post(web.page + "/api/marks", json={"at": at, "text": text},
                  headers={"X-Ridgeline-Token": web.token()}, timeout=30).raise_for_status()


LABELS = """return [...document.querySelectorAll('#metric .timeline .marks span')].map(label => {
  const box = label.getBoundingClientRect(), plot = document.querySelector('#metric .plot').getBoundingClientRect();
  return [label.textContent, label.title, box.left - plot.left, box.right - plot.left, plot.width];
})"""


def test_marks_seconds_apart_share_a_label_that_tells_both_and_none_lies_over_another(web, redis, page):  # noqa: F811
    write_history(redis, NAME)
    now = int(time.time())
    texts = {now - 3000: "deploy 1234 of the shop", now - 2980: "migration of the orders",
             now - 2000: "a text that is far longer than there is room for on any chart of this page",
             now - 1400: "deploy 1235", now - 5: "deploy 1236 at the right end"}
    for at, text in texts.items():
        mark(web, at, text)
    page.open(f"#metric={NAME}&from=-3600")
    labels = wait_for("the labels", lambda: page.run(LABELS))
    assert [text for text, *_ in labels] == ["2 marks", *list(texts.values())[2:]]
    assert all(text in labels[0][1] for text in list(texts.values())[:2]), "the tooltip tells both"
    assert all(a[3] <= b[2] + 1 for a, b in itertools.pairwise(labels)), "no label lies over another"
    assert all(left >= 0 and right <= width for *_, left, right, width in labels)
    # From nearer each has its own.
    page.open(f"#metric={NAME}&from={now - 3060}&until={now - 2960}")
    wait_for("a label each", lambda: [text for text, *_ in page.run(LABELS)] == list(texts.values())[:2])


def test_a_label_leaves_the_chart_to_the_pointer(web, redis, page):  # noqa: F811
    points = write_history(redis, NAME)
    at = points[-100][0]
    mark(web, at, "deploy 1234")
    page.open(f"#metric={NAME}&from=-3600")
    wait_for("the label", lambda: page.run(LABELS))
    page.one("#metric .timeline .marks span").click()
    wait_for("the moment", lambda: "at=" in page.run("return location.hash"))
