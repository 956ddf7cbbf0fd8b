"""Which texts may stand for an attachment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridmap.domain.attachments import LONGEST, is_reference

GOOD = [
    "p1", "20260520/照片-1.jpg", "a/b/c.d(2).JPG", "~x", "sha256:" + "0a" * 32, "https://photos.example/2026/1.jpg?w=3&h=4#x",
    "HTTP://192.0.2.7:8080/a", "https://[2001:db8::1]/a", "x" * LONGEST,
]  # fmt: skip
BAD = [
    "", " ", "a b", "x" * (LONGEST + 1), "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x",
    "file:///etc/passwd", "ftp://host/x", "mailto:a@b", "C:\\photos\\1.jpg", "../1.jpg", "a/../b", "/etc/passwd",
    "//host/x", "<script>", "a\"b", "a'b", "a`b", "p\n1", "p\x00", "https://", "https:///a", "https:a", "http://a:99999/",
    "http://[::1/a", "https://user:secret@host/a", "sha256:xyz", "sha256:" + "0A" * 32, "sha256:" + "0a" * 33,
    "a//b", "a/",
]  # fmt: skip


@pytest.mark.parametrize("words", GOOD)
def test_addresses_hashes_names_and_paths_may(words: str) -> None:
    assert is_reference(words)


@pytest.mark.parametrize("words", BAD)
def test_nothing_else_may(words: str) -> None:
    assert not is_reference(words)


@given(st.text(max_size=LONGEST + 10))
def test_whatever_comes_is_answered_and_what_is_let_in_does_nothing_by_itself(words: str) -> None:
    if is_reference(words):
        assert not set(words) & set(" <>\"'`\\\n\t\x00")
        assert ".." not in words.split("/")
        assert ":" not in words or words.lower().startswith(("http://", "https://", "sha256:"))
