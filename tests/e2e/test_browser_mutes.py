"""What is muted says so in a real browser: in every list, in the view of an incident and in that of a metric."""
import time

from conftest import wait_for
from incidents import alerter, alerters, heads, wait_heads  # noqa: F401 (fixtures)
from test_browser_overview import look, visit, wait_rows  # noqa: F401 (fixtures)
from test_mutes import delete, iso, post
from webapp import anomaly, start, tell, write_history  # noqa: F401 (fixtures)

NAME = "shop.orders"


def title(page, selector):
    return page.run("return document.querySelector(arguments[0])?.title ?? ''", selector)


def test_what_is_muted_says_by_which_mute_and_until_when_and_no_more_once_it_is_not(driver, redis, visit):  # noqa: F811
    now = int(time.time())
    until = now + 3600
    write_history(redis, NAME)
    tell(redis, "open", anomaly(NAME, now - 60, now))
    (head,) = wait_heads(redis, 1)
    page = visit().open()
    wait_rows(page, 1)
    assert not page.all("#open .mute")
    post(page.web, "/api/mutes", {"name": "deploy", "match": "shop.**", "what": "notify", "until": iso(until)})
    wait_for("the label, live", lambda: page.text("#open .label.mute") == "muted")
    assert title(page, "#open .label.mute").startswith("muted by deploy until ")

    page.open(f"#incident={head['id']}")
    wait_for("the sentence", lambda: "No message is sent until " in page.text("#incident .facts.mute"))
    assert page.text("#incident .facts.mute").endswith(": the mute deploy holds.")
    assert page.one("#incident .mute a").get_attribute("href").endswith("#alerts=")
    at = page.run("return Date.parse(document.querySelector('#incident .mute time').dateTime) / 1000")
    assert at == until
    assert page.text("#incident .timeline .label.mute") == "muted"

    page.open(f"#metric={NAME}")
    wait_for("the same of its metric", lambda: "No message is sent until " in page.text("#metric .words.mute"))
    page.open("#find=orders")
    wait_for("in the list of metrics", lambda: page.text("#find .finding .state").endswith(", muted")
             or any(row.text.endswith(", muted") for row in page.all("#find .finding .state")))
    page.open(f"#from={now - 600}&until={now + 60}&group=shop.orders")
    wait_for("in the list of a cell", lambda: page.text("#within .label.mute") == "muted")

    page.open(f"#incident={head['id']}")
    wait_for("the sentence", lambda: page.text("#incident .facts.mute"))
    delete(page.web, "deploy")
    wait_for("no sentence, live", lambda: not page.all("#incident .mute"))
    page.open()
    wait_rows(page, 1)
    assert not page.all("#open .mute")


def test_an_incident_of_which_some_metrics_are_muted_says_so(driver, redis, visit):  # noqa: F811
    now = int(time.time())
    for part in ("orders", "payments"):
        write_history(redis, f"shop.checkout.{part}")
        tell(redis, "open", anomaly(f"shop.checkout.{part}", now - 60, now))
    (head,) = wait_heads(redis, 1, count=2)
    page = visit()
    post(page.web, "/api/mutes", {"name": "orders", "match": "*.*.orders"})
    page.open()
    wait_for("the label", lambda: page.text("#open .label.mute") == "partly muted")
    page.open(f"#incident={head['id']}")
    wait_for("the sentence", lambda: page.text("#incident .facts.mute")
             == "Of some of its metrics: No message is sent as long as the mute orders stands.")
    muted = page.run("return [...document.querySelectorAll('#incident .timeline .row:has(.mute) .name')]"
                     ".map(n => n.textContent)")
    assert muted == ["shop.checkout.orders"]


def test_an_incident_whose_strongest_are_muted_does_not_pose_as_muted(driver, redis, visit):  # noqa: F811
    now = int(time.time())
    write_history(redis, "shop.checkout.orders0")
    tell(redis, "open", anomaly("shop.checkout.orders0", now - 90, now, score=90))
    for i in range(1, 12):
        tell(redis, "open", anomaly(f"shop.checkout.orders{i}", now - 60, now, score=90))
    tell(redis, "open", anomaly("shop.checkout.payments", now - 60, now, score=60))
    (head,) = wait_heads(redis, 1, count=13)
    page = visit()
    post(page.web, "/api/mutes", {"name": "orders", "match": "*.*.orders*"})
    page.open()
    wait_for("the label", lambda: page.text("#open .label.mute") == "strongest muted")
    page.open(f"#incident={head['id']}")
    wait_for("the sentence", lambda: page.text("#incident .facts.mute").startswith("Of some of its metrics: "))
    post(page.web, "/api/mutes", {"name": "orders", "match": "shop.**"})
    wait_for("all of it", lambda: page.text("#incident .facts.mute").startswith("No message is sent"))
