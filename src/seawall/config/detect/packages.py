"""Packages of the distribution that the app needs beside it on the host."""

from __future__ import annotations

import ast
import re

from seawall.config.detect.facts import Fact, Item, listing
from seawall.config.detect.source import Sources, literal

LOCAL_REDIS = re.compile(r"redis://([^@/]*@)?(localhost|127\.0\.0\.1|\[::1\])(:6379)?(/|$)")


def find_packages(sources: Sources) -> Fact[str]:
    """``redis-server`` where the app looks for Redis on its own machine unless it is told otherwise."""
    return listing(
        Item("redis-server", module.at(node))
        for module in sources.main
        for node in module.nodes
        if isinstance(node, ast.Constant) and LOCAL_REDIS.match(literal(node) or "")
    )
