"""The agent's own code, run on a host as root: for what no command of the tool reaches by itself."""

import json
from typing import Any

from seawall.agent.packing import archive, sources

from .machine import Host

AGENT = "/root/agent.zip"
BEGIN = f"import json, sys\nsys.path.insert(0, {AGENT!r})\n"


def bring_agent(host: Host) -> None:
    """Put the agent there."""
    data = archive(sources()).hex()
    host.run(["python3", "-c", f"import sys; open({AGENT!r}, 'wb').write(bytes.fromhex(sys.stdin.read()))"], stdin=data)


def there(host: Host, code: str) -> Any:
    """Run the code; the answer is what it puts into ``answer``, which is to be JSON-ready."""
    return json.loads(host.run(["python3", "-I", "-c", f"{BEGIN}{code}\nprint(json.dumps(answer))"]).stdout)
