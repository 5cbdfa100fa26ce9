"""The guides are true: the lines they explain exist, and every line that the log can hold is explained."""

import re
from pathlib import Path

import pytest

from player.config.settings import KEYS
from player.web.openapi import document
from tests.messages import GAP, logged, pattern, texts

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
GUIDES = sorted(DOCS.glob("*.md"))
PLAYER = ROOT / "player"
SAID = texts(PLAYER, ROOT / "driver")


def exists(quoted):
    """Whether a program can say this: as a part of one of its texts, or as a text with its gaps filled."""
    inside = pattern(GAP.join(part.strip(" :") for part in quoted.split(GAP)))
    if any(inside.search(text) for text in SAID):
        return True
    return any(
        len(re.findall(r"\w", text.replace(GAP, ""))) > 6 and pattern(text).fullmatch(quoted) for text in SAID
    )


def test_a_line_that_no_program_says_is_noticed():
    assert exists("the panel answers again after the reset")
    assert not exists("the panel answers for ever after the reset")


LOG_LINES = re.findall(r"^\| `(.+?)` \|", (DOCS / "log.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize("line", sorted(logged(PLAYER)))
def test_every_line_of_the_log_is_explained(line):
    assert any(pattern(line).fullmatch(known) for known in LOG_LINES)


@pytest.mark.parametrize("line", LOG_LINES)
def test_every_line_that_is_explained_exists(line):
    assert exists(line)


MESSAGES = re.findall(r"^- `(.+?)`", (DOCS / "troubleshooting.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize("message", MESSAGES)
def test_every_message_in_troubleshooting_exists(message):
    assert exists(message)


def test_troubleshooting_has_messages():
    assert len(MESSAGES) > 20
    assert len(LOG_LINES) > 30


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_every_setting_that_is_named_exists(guide):
    """`key = value` in code."""
    for name in re.findall(r"`(\w+) = [^`]+`", guide.read_text()):
        assert name in KEYS, name


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_every_link_leads_somewhere(guide):
    for target in re.findall(r"\]\(([^)#]+)\)", guide.read_text()):
        assert target.startswith("https://") or (DOCS / target).exists(), target


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_every_command_of_the_installer_exists(guide):
    options = re.findall(r"(?:longtake-setup|systemd/install)((?: --[a-z-]+)+)", guide.read_text())
    script = (ROOT / "systemd/install").read_text()
    for option in " ".join(options).split():
        assert re.search(rf"^\s+(?:.*\| )?{option}(?: \|.*)?\)", script, re.MULTILINE), option


def test_every_request_of_the_api_is_in_the_guide():
    text = (DOCS / "remote.md").read_text()
    for path, operations in document(["interval"])["paths"].items():
        for method in operations:
            if method in ("get", "post"):
                assert f"`{method.upper()} {path}`" in text
