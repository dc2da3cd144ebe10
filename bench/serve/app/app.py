"""The app that is measured: a page as apps have them, and views that are dear in one way only."""

import os
import tempfile
import time

from flask import Flask, jsonify, render_template, request
from sqlalchemy import Integer, String, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

WAIT = 0.02  # seconds
CHUNK = b"0123456789abcdef" * 256  # 4 kB
CHUNKS = 25
NOTES = 20

app = Flask(__name__)
app.config["TEMPLATES_AUTO_RELOAD"] = "BENCH_RELOAD" in os.environ


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    author: Mapped[str] = mapped_column(String(40))
    text: Mapped[str] = mapped_column(String(200))


# A database of the process's own: the query is real, the database's server is not what is measured here.
engine = create_engine(f"sqlite:///{tempfile.mkdtemp()}/notes.sqlite")
Session = sessionmaker(engine)
Base.metadata.create_all(engine)
with Session() as filling:
    filling.add_all(
        Note(author=f"visitor {number}", text=f"note {number} & what <i>it</i> says") for number in range(NOTES * 5)
    )
    filling.commit()
# Connections do not survive a fork.
engine.dispose()


@app.get("/")
def page():
    """The realistic view: ten rows of a table on a page made from a template."""
    with Session() as session:
        notes = session.scalars(select(Note).order_by(Note.id.desc()).limit(NOTES)).all()
        return render_template("page.html", notes=notes, visitor=request.headers.get("User-Agent", "nobody"))


@app.get("/hello")
def hello():
    return "Hello"


@app.get("/json")
def some_json():
    return jsonify(notes=[{"id": number, "text": f"note {number}"} for number in range(NOTES)])


@app.get("/wait")
def wait():
    """A view that waits for somebody else."""
    time.sleep(WAIT)
    return "waited"


@app.get("/cacheable")
def cacheable():
    with Session() as session:
        notes = session.scalars(select(Note).order_by(Note.id).limit(NOTES)).all()
        answer = app.make_response(render_template("page.html", notes=notes, visitor="everybody"))
    answer.headers["Cache-Control"] = "public, max-age=60"
    return answer


@app.get("/stream")
def stream():
    """100 kB, a piece at a time."""
    return app.response_class((CHUNK for _ in range(CHUNKS)), mimetype="application/octet-stream")


@app.get("/health")
def health():
    return "ok"


# What a model of a machine would take: megabytes that are read at start and only looked at afterwards.
model = bytearray(os.urandom(1 << 20) * int(os.environ.get("BENCH_MODEL_MB", "0")))


@app.get("/model")
def look():
    """Looks at each page of the memory of the model."""
    return str(sum(model[::4096]))
