"""How the process of a command ends."""

import os
import sys

import pytest

from trainer import __main__


@pytest.mark.parametrize(("code", "with_jax"), [(130, True), (130, False), (0, True), (2, True)])
def test_after_ctrl_c_it_does_not_wait_for_jax(monkeypatch, code, with_jax):
    """Which crashes where it was interrupted while it compiled."""
    ends = []
    monkeypatch.setattr(__main__, "main", lambda: code)
    monkeypatch.setattr(os, "_exit", ends.append)
    if not with_jax:
        monkeypatch.delitem(sys.modules, "jax", raising=False)
    else:
        monkeypatch.setitem(sys.modules, "jax", object())
    with pytest.raises(SystemExit) as ended:
        __main__.program()
    assert ended.value.code == code
    assert ends == ([130] if code == 130 and with_jax else [])
