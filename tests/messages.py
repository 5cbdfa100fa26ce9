"""The lines that the programs say, read from their source: what the guides must explain.

A message is the text of an expression, its changing parts replaced by GAP.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

GAP = "…"
LOGS = {"log", "_log", "say"}
"""Names of the functions that write a line into the player's log."""


def templates(node: ast.expr) -> list[str]:
    """The texts that an expression can be, GAP for what is not constant."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=parts):
            return ["".join(str(part.value) if isinstance(part, ast.Constant) else GAP for part in parts)]
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return [a + b for a in templates(left) for b in templates(right)]
        case ast.IfExp(body=body, orelse=orelse):
            return templates(body) + templates(orelse)
    return [GAP]


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _trees(packages: tuple[Path, ...]) -> Iterator[ast.Module]:
    for package in packages:
        for path in sorted(package.rglob("*.py")):
            yield ast.parse(path.read_text())


def logged(*packages: Path) -> set[str]:
    """What is logged, but for lines that are nothing but an error's own text."""
    found = set()
    for tree in _trees(packages):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args and _name(node.func) in LOGS:
                found.update(templates(node.args[0]))
            if isinstance(node, ast.FunctionDef) and node.name == "_line":  # of a frame
                for part in node.body:
                    if isinstance(part, ast.Return) and part.value is not None:
                        found.update(templates(part.value))
    return {text for text in found if re.search(r"\w", text.replace(GAP, ""))}


def texts(*packages: Path) -> set[str]:
    """Every text in the source."""
    kinds = (ast.Constant, ast.JoinedStr, ast.BinOp)
    return {
        text
        for tree in _trees(packages)
        for node in ast.walk(tree)
        if isinstance(node, kinds)
        for text in templates(node)
        if text != GAP
    }


def pattern(text: str) -> re.Pattern[str]:
    """What a text with gaps stands for."""
    return re.compile(".*".join(re.escape(part) for part in text.split(GAP)), re.DOTALL)
