"""How many requests the workers of a release answer at once: what their threads, and their connections, follow from."""

from __future__ import annotations

from seawall.config.model import Project

#: One worker that fails, or keeps Python's lock to itself, leaves another. More than 8 should be somebody's decision,
#: made by measuring.
LEAST_WORKERS, MOST_WORKERS = 2, 8
#: Of workers with threads, for each core: threads of one worker wait for each other (Python's lock), and the core has
#: another worker to run meanwhile. Twice as many workers with half as many threads each answered a quarter more pages,
#: and the slowest sooner (docs/performance.md, Serving).
FOR_A_CORE = 2
#: Requests that the threads of all workers answer at once: with two releases side by side they can hold 64 of the 100
#: connections that a PostgreSQL allows by default (max_connections). Each worker has at least so many, and at most one
#: more than there are connections in SQLAlchemy's pool by default (QueuePool).
AT_ONCE, LEAST_THREADS, MOST_THREADS = 32, 4, 16
#: Connections that SQLAlchemy's pool opens at most by default (QueuePool: pool_size 5, max_overflow 10): what an ASGI
#: worker, which has no threads to count, may hold.
POOL = 15


def workers(project: Project, cores: int) -> int:
    """As many as keep the cores busy: those without threads do nothing while their request waits, one with an event
    loop, that of ASGI or gevent's, goes on."""
    if one_at_a_time(project):
        return cores + 1
    return max(cores * FOR_A_CORE if with_threads(project) else cores, LEAST_WORKERS)


def threads(project: Project, workers: int) -> int:
    """As configured; else as many as serve views that wait and cost others nothing (docs/performance.md, Serving)."""
    if one_at_a_time(project):
        return 1
    if project.server.threads != "auto":
        return project.server.threads
    return max(LEAST_THREADS, min(AT_ONCE // workers, MOST_THREADS))


def one_at_a_time(project: Project) -> bool:
    """Whether a worker answers no other while its request waits. ASGI apps need no threads for that."""
    server = project.server
    return project.app.interface == "wsgi" and (server.threads == 1 or server.worker == "sync")


def with_threads(project: Project) -> bool:
    """Whether a worker's threads answer, several at a time."""
    return project.app.interface == "wsgi" and project.server.worker != "gevent" and not one_at_a_time(project)


def allowed(project: Project, cores: int) -> int:
    """How many connections the app may hold: as configured; else twice what one release does, as two run at once."""
    chosen = project.database.connections
    return 2 * connections(project, cores) if chosen == "auto" else chosen


def connections(project: Project, cores: int) -> int:
    """How many connections one release may hold to a database: one for each thread of each worker, or a pool of each
    ASGI worker, and one for each process. The most workers that the cores could mean, whatever memory allows."""
    chosen = project.server.workers
    count = min(workers(project, cores), MOST_WORKERS) if chosen == "auto" else chosen
    each = POOL if project.app.interface == "asgi" else threads(project, count)
    return count * each + sum(item.count for item in project.processes.values())
