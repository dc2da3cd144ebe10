"""What all verifiers share: whom they look at, and what they say."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Target:
    """A site on a host: its name, the host's addresses, and a file with the authority its certificate must lead to."""

    name: str
    address: str
    ca_file: Path


@dataclass(frozen=True)
class Finding:
    """One complaint of a verifier. `severity` is the verifier's own word for it."""

    verifier: str
    id: str
    severity: str
    text: str

    def __str__(self) -> str:
        return f"{self.verifier} {self.severity} {self.id}: {self.text}"
