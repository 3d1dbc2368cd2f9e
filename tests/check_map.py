#!/usr/bin/python3
"""Checks that each path which docs/map.md names is there, and that each page of docs/ is linked from another page.

usage: check_map.py ROOT
"""
import pathlib
import re
import sys

import source_check

PATH = re.compile(r"`((?:src|include|tests|tools|docs|bench|cmake|fuzz|dynamorio|python)/[^`\s]*)`")
LINK = re.compile(r"\]\(([^)#]+\.md)[^)]*\)")


def missing_paths(root):
    for match in PATH.finditer((root / "docs/map.md").read_text()):
        if not (root / match[1]).exists():
            yield f"docs/map.md names {match[1]}, which is not there"


def link_faults(root):
    pages = [root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").rglob("*.md"))]
    linked = set()
    for page in pages:
        for match in LINK.finditer(page.read_text()):
            if "://" in match[1]:
                continue
            target = (page.parent / match[1]).resolve()
            if not target.exists():
                yield f"{page.relative_to(root)} links to {match[1]}, which is not there"
            elif target != page.resolve():
                linked.add(target)
    for page in pages[2:]:
        if page.resolve() not in linked:
            yield f"no page links to {page.relative_to(root)}"


def violations(root):
    yield from missing_paths(root)
    yield from link_faults(root)


if __name__ == "__main__":
    sys.exit(source_check.main("map and links", violations))
