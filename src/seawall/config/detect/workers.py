"""How many processes may answer: one alone, where the app keeps its visitors' connections in its own memory."""

from __future__ import annotations

from seawall.config.detect.facts import Fact, Item, listing
from seawall.config.detect.source import Sources


def find_workers(sources: Sources) -> Fact[int]:
    """1 where Flask-SocketIO is used: each of a visitor's requests must come to the process that knows him (its
    documentation, "Using Multiple Workers"), and a front server does not see to that."""
    return listing(
        Item(1, module.at(call))
        for module in sources.main
        for call in module.calls
        if sources.qualified(module, call.func) == "flask_socketio.SocketIO"
    )
