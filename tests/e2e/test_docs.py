"""What the documents say beside what the source has: routes, Redis keys, files, links."""
import re
import subprocess

import pytest

from conftest import BUILD

SOURCE = BUILD
while not (SOURCE / "Makefile").exists():
    SOURCE = SOURCE.parent
PAGES = sorted(path.relative_to(SOURCE).as_posix() for path in
               [SOURCE / "README.md", SOURCE / "CHANGELOG.md", *SOURCE.glob("docs/*.md"), *SOURCE.glob("bench/*.md")])
# Directories in which a document may leave out where a source file stands.
PLACES = ("", "analyzer/", "horizon/", "lib/", "include/ridgeline/", "alerter/", "roomba/", "cli/",
          "analyzer/detectors/", "webapp/", "webapp/page/")


def text(path):
    return (SOURCE / path).read_text()


def prose(path):
    """A page without its code blocks, fenced or indented."""
    return re.sub(r"(?m)^(    |\t).*$", "", re.sub(r"(?ms)^```.*?^```", "", text(path)))


def anchor(heading):
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower().replace("`", "")).replace(" ", "-")


def routes_of_source():
    found = re.findall(r'\{"(/[^"]*)", "([A-Z]+)", "([^"]*)", ', text("webapp/routes.c"))
    return {(method, path): set(parameters.split()) for path, method, parameters in found}


def routes_of_document():
    """Each `METHOD /path?a=..&b=..` of a heading; a second one, or a second parameter, stands behind a comma."""
    found = {}
    for heading in re.findall(r"(?m)^### (.*)$", text("docs/API.md")):
        for method, path, parameters in re.findall(r"(GET|POST|DELETE) ([^\s?,]+)(\?[^\s,]*(?:, or \?\S+)?)?", heading):
            found[method, path] = set(re.findall(r"[?&](\w+)=", parameters))
    return found


def test_the_api_document_has_every_route_with_its_parameters_and_no_other():
    source = routes_of_source()
    assert len(source) > 20
    assert routes_of_document() == source


def test_the_api_document_has_every_status_but_success():
    known = set(re.findall(r"HTTP_\w+ = (\d+)", text("webapp/http.h"))) - {"200"}
    assert len(known) > 5
    assert set(re.findall(r"(?m)^\| (\d+) \|", text("docs/API.md"))) == known


def test_the_redis_document_has_every_key_and_no_other():
    source = text("lib/keys.c") + re.sub(r"/\*.*?\*/", "", text("include/ridgeline/keys.h"), flags=re.S)
    keys = {key.partition("%")[0] for key in re.findall(r'"((?:ridgeline:|rollup\.|metrics\.)[^"]*)"', source)}
    documented = {re.sub(r"<.*", "", key) for key in re.findall(r"(?m)^\| `([^` ]+)` \| \w", text("docs/REDIS.md"))}
    assert len(keys) > 20
    assert documented == keys


def test_the_detectors_document_has_every_detector_with_its_threshold():
    source = re.findall(r"X\((\w+), ([\d.]+), ", text("include/ridgeline/detectors.h"))
    section = text("docs/DETECTORS.md").partition("\n## The detectors\n")[2].partition("\n## ")[0]
    rows = re.findall(r"(?m)^\| `(\w+)` \| [^|]+ \| ([\d.]+) \| [^|]+ \|$", section)
    assert len(source) > 3
    assert [(name, float(threshold)) for name, threshold in rows] == \
        [(name, float(threshold)) for name, threshold in source]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files_and_headings_that_are_there(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, fragment = target.partition("#")
        file = (SOURCE / page).parent / path if path else SOURCE / page
        assert file.exists(), target
        if fragment:
            assert fragment in {anchor(heading) for heading in re.findall(r"(?m)^#+ (.*)$", file.read_text())}, target


@pytest.mark.parametrize("page", [page for page in PAGES if page != "CHANGELOG.md"])
def test_source_files_that_are_named_are_there(page):
    named = set(re.findall(r"`([\w/]+\.(?:c|h|py|sh))`", prose(page))) - {"analyzer/detectors/last.c"} # an example
    for name in named:
        assert any((SOURCE / place / name).exists() for place in PLACES), name


def test_readme_lists_every_document():
    listed = set(re.findall(r"(?m)^- \[((?:docs|bench)/\w+\.md)\]", text("README.md")))
    assert listed == {page for page in PAGES if "/" in page}


def test_readme_tells_every_command():
    listed = subprocess.run([BUILD / "ridgeline", "--help"], capture_output=True, text=True, check=True).stdout
    commands = re.findall(r"(?m)^  ([a-z-]+)  +\S", listed)
    assert len(commands) > 5
    for command in commands:
        assert re.search(rf"`(ridgeline )?{command}`", text("README.md")), command


def test_no_table_has_a_hash_without_a_seed():
    """seeded_uthash.h alone includes uthash: what comes over the wire keys tables."""
    plain = [path.relative_to(SOURCE).as_posix() for place in PLACES for path in (SOURCE / place).glob("*.[ch]")
             if "<uthash.h>" in path.read_text()]
    assert plain == ["include/ridgeline/seeded_uthash.h"]
