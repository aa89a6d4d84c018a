"""The view of one metric in a real browser, and what a reader does with its chart.

The webapp alone, on a metric with two weeks of history as `ridgeline import` leaves it: two days of it raw, with a
spike ten hours ago, and the rest rolled up.
"""
import re

import pytest
from selenium import webdriver

from conftest import canonical, wait_for, write_settings
from importing import newest, run_import, shop, write_csv
from pages import visit
from webapp import start  # noqa: F401: a fixture

NAME = "shop.orders"
MINUTE, HOUR, DAY = 60, 3600, 86400
SPIKE = 600  # points before the last
RETENTION = 'retention = "60s:2d,10m:14d";'


@pytest.fixture
def spike_t(redis, daemons, tmp_path):
    """Makes the history: what was learnt of it by an import, its rollups by a roomba. When its spike is."""
    points = shop(1, newest())
    t = points[-SPIKE][0]
    points[-SPIKE] = (t, 900.0)
    settings = write_settings(tmp_path / "history.conf", f'redis = "unix:{redis.sock}"; {RETENTION}'
                              'horizon: { max_age = "1000s"; }; roomba: { pass_interval = "1s"; };')
    run_import("--settings", settings, "--redis", f"unix:{redis.sock}", write_csv(tmp_path / f"{NAME}.csv", points))
    redis.set(f"metrics.{NAME}", b"".join(canonical(t, v) for t, v in points))
    roomba = daemons("roomba", settings)
    wait_for("the fold", lambda: redis.exists(f"rollup.{NAME}") and redis.strlen(f"metrics.{NAME}") < 15 * 3000)
    roomba.stop()
    return t


@pytest.fixture
def page(driver, start):  # noqa: F811
    graphs = 'graph_url = "https://graphs.example/?t={metric}&from={from}&until={until}";'
    with visit(driver, start(graphs, RETENTION)) as visited:
        yield visited


def open_view(page, **more):
    page.open("#" + "&".join(f"{k}={v}" for k, v in {"metric": NAME, **more}.items()))
    wait_for("the chart", lambda: page.all(".timeline canvas") and "points at" in caption(page))
    return page


def caption(page):
    return page.text(".timeline figcaption")


def address(page):
    """The address's parameters, numbers as such."""
    pairs = page.run("return [...new URLSearchParams(location.hash.slice(1))]")
    return {name: int(value) if re.fullmatch(r"-?\d+", value) else value for name, value in pairs}


def span(page):
    shown = address(page)
    return shown["until"] - shown["from"]


def press_on_chart(page, *keys, held=()):
    page.run("document.querySelector('.timeline .plot').focus({preventScroll: true})")
    actions = webdriver.ActionChains(page.driver)
    for key in held:
        actions.key_down(key)
    actions.send_keys(*keys)
    for key in held:
        actions.key_up(key)
    actions.perform()


def drag(page, start_share, end_share, *held):
    """Drags over the chart, from one share of its width to another, with keys held down."""
    plot = page.one(".timeline .plot")
    page.run("arguments[0].scrollIntoView({block: 'center'})", plot)
    width = plot.size["width"]
    actions = webdriver.ActionChains(page.driver)
    for key in held:
        actions.key_down(key)
    actions.move_to_element_with_offset(plot, int(width * (start_share - 0.5)), 0).click_and_hold()
    actions.move_by_offset(int(width * (end_share - start_share) / 2), 2)
    actions.move_by_offset(int(width * (end_share - start_share) / 2), 2).release()
    for key in held:
        actions.key_up(key)
    actions.move_to_element(page.one(".timeline .toolbar")).perform()  # the caption tells what is under the pointer


def pixels_of(page, selector, colour):
    """How many pixels of the canvases under `selector` have a colour of the page."""
    return page.run("""
        const probe = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
        probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(arguments[1]).trim();
        probe.fillRect(0, 0, 1, 1);
        const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
        let count = 0;
        for (const canvas of document.querySelectorAll(arguments[0] + ' canvas')) {
          const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          for (let i = 0; i < data.length; i += 4)
            count += Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 70
              && data[i + 3] > 120;
        }
        return count;""", selector, colour)


def sentence(page):
    return page.text("#metric .words")
