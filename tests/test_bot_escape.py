"""Untrusted text, through a real CommonMark parser with GitHub's extensions: it shows as it is, and does nothing."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from hardenfile.bot.escape import JOINER, code, fence, one_line, plain, prose

# What forges look for in the text of a rendered page, outside of code.
_ACTIVE = re.compile(
    r"@[A-Za-z0-9]|[#!&~%$^]\w|\bGH-\d|://|\bwww\.|\bmailto:|(?:^|\W)[0-9a-f]{7,40}(?:$|\W)", re.ASCII | re.IGNORECASE
)
NASTY = [
    "@admin",
    "@org/team please",
    "a@example.com",
    "fixes #1",
    "GH-12 gh-3",
    "owner/name#12",
    "!5 &6 ~bug %v1 $7 ^x",
    "https://evil.example/x",
    "HTTP://evil.example",
    "www.evil.example",
    "mailto:a@b.c",
    "deadbeef1234567 and 0123456789abcdef0123456789abcdef01234567",
    "<script>alert(1)</script>",
    "<!-- hardenfile:v1 key=x -->",
    "--> <img src=x onerror=y>",
    "&lt;b&gt; &#64;admin &commat;admin",
    "[x](http://evil.example) ![y](z) [z]: http://evil.example",
    "**bold** _it_ ~~gone~~ `code` ``` \\`",
    "a\n\n# head\n- [ ] task\n> quote\n---\n| a | b |\n|---|---|",
    "a\r\n/close\n/merge",
    "\u202egnp.exe\u2028x\x1b[31m\0",
    "`" * 7 + "x",
    "\\",
    "x\\",
    "a | b",
    "\udc80\ud800",
    "1. one\n+ two",
    " leading and trailing ",
    ":+1: :smile:",
    "$x^2$ $$y$$",
    "[[wiki]] {{x}} {% raw %}",
    "@@admin @`admin` #`1`",
    "",
    "   ",
]
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(NASTY), max_size=4).map(" ".join),
    st.text("@#!-`*_[]()<>&\\/:.w http1aGH\n\t|~$^%=+{}", max_size=40),
)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.text = self.code = ""
        self.inside = 0
        self.comments: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.inside += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self.inside -= tag == "code"

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.code += data
            self.text += "\0"
        else:
            self.text += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def render(text: str) -> _Page:
    page = _Page()
    parser = MarkdownIt("gfm-like")
    assert parser.linkify is not None
    # GitHub makes no link of a bare name such as app.sh; _ACTIVE looks for `www.` besides.
    parser.linkify.set({"fuzzy_link": False})
    page.feed(parser.render(text.encode("utf-8", "replace").decode()))
    page.close()
    return page


def shown(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace(JOINER, "")).strip()


@given(TEXTS)
@example("a@b.c@d")
def test_prose_shows_as_it_is_and_does_nothing(text: str) -> None:
    page = render(f"- **{'x'}**: {prose(text)}!\n- next\n")
    assert set(page.tags) <= {"ul", "li", "strong", "code"} and page.tags.count("li") == 2
    assert not page.comments
    assert not _ACTIVE.search(page.text), page.text
    whole = render(f"- **x**: {prose(text)}!\n")
    # Code is where ids of commits went; put back in their place, the sentence is whole again.
    codes = re.findall(r"\b[0-9a-f]{7,64}\b", one_line(text))
    for one in codes:
        whole.text = whole.text.replace("\0", one, 1)
    assert shown(whole.text) == shown(f"x: {one_line(text).strip(' ')}!".encode("utf-8", "replace").decode())


@pytest.mark.parametrize("text", NASTY)
def test_nasty_prose_one_by_one(text: str) -> None:
    page = render(f"Why: {prose(text)}\n")
    assert set(page.tags) <= {"p", "code"} and not page.comments and not _ACTIVE.search(page.text)


@given(TEXTS)
@example("- x")
@example("12) x")
@example("+ x")
@example("    x")
@example("***")
@example(": x")
def test_prose_begins_no_block(text: str) -> None:
    page = render(f"{prose(text)}\n\n- {prose(text)}\n")
    assert set(page.tags) <= {"p", "code", "ul", "li"} and page.tags.count("li") == 1
    assert not _ACTIVE.search(page.text), page.text


@given(TEXTS)
def test_code_holds_its_text(text: str) -> None:
    page = render(f"- left {code(text)} right\n- next\n")
    assert page.tags.count("li") == 2 and set(page.tags) <= {"ul", "li", "code"}
    if text.strip() and one_line(text).strip(" "):
        assert page.tags.count("code") == 1
        assert page.code == one_line(text).encode("utf-8", "replace").decode()
        assert page.text.replace("\0", "").split() == ["left", "right", "next"]


@given(st.lists(TEXTS, max_size=5).map("\n".join))
def test_a_fence_holds_its_text(text: str) -> None:
    page = render(f"before\n\n{fence(text, 'diff')}\n\nafter\n")
    assert page.tags == ["p", "pre", "code", "p"]
    lines = [one_line(line.replace("\t", "    ")) for line in text.split("\n")]
    assert page.code == ("\n".join(lines) + "\n").encode("utf-8", "replace").decode()


@given(TEXTS)
def test_titles_refer_to_nothing(text: str) -> None:
    title = plain(text)
    assert "\n" not in title and title.isprintable() is not None
    assert not re.search(r"@[A-Za-z0-9]|#\d|\bGH-\d|://", title, re.ASCII | re.IGNORECASE)
    assert title.replace(JOINER, "") == one_line(text).replace(JOINER, "")
