"""A page read back: elements, attributes and text, with a check that every element is closed."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

_VOID = {"meta", "link", "img", "br", "hr", "input"}


class Parsed(HTMLParser):
    """Elements as (tag, attributes), texts as a list; raises AssertionError for markup that does not nest."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag):
        assert self._open, f"</{tag}> closes nothing"
        assert self._open[-1] == tag, f"</{tag}> closes <{self._open[-1]}>"
        self._open.pop()

    def handle_data(self, data):
        if self._open and self._open[-1] not in ("style", "script") and data.strip():
            self.texts.append(" ".join(data.split()))

    def all(self, tag: str, kind: str | None = None) -> list[dict[str, str]]:
        """Attributes of the elements of this name, and of this class when given."""
        return [
            attributes
            for name, attributes in self.elements
            if name == tag and (kind is None or kind in attributes.get("class", "").split())
        ]

    def values(self) -> list[str]:
        """All attribute values."""
        return [value for _, attributes in self.elements for value in attributes.values()]


def assert_self_contained(html: str) -> Parsed:
    """Fail when opening the page could run a script but its own, or ask anyone for anything."""
    page = Parsed(html)
    scripts = re.findall(r"<script>(.*?)</script>", html, flags=re.DOTALL)
    (policy,) = [meta["content"] for meta in page.all("meta") if "http-equiv" in meta]
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    assert [f"script-src 'sha256-{digest}'" for digest in digests] == policy.split("; ")[-1:]
    for block in re.findall(r'<script type="application/json">(.*?)</script>', html, flags=re.DOTALL):
        json.loads(block)
    for tag, attributes in page.elements:
        assert tag != "script" or attributes in ({}, {"type": "application/json"}), attributes
        assert tag not in ("iframe", "object", "embed", "base", "form"), tag
        for name, value in attributes.items():
            assert not name.startswith("on"), f"{name} on <{tag}>"
            if name in ("href", "src", "srcset", "action", "data", "poster", "background", "xlink:href"):
                assert value.startswith(("#", "data:")), f"<{tag} {name}={value!r}>"
            if name == "style":
                assert "url(" not in value
    style = html[html.index("<style>") : html.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    return page
