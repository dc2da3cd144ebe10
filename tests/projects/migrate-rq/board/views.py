from flask import Blueprint, current_app, redirect, render_template, request, url_for

from board import tasks
from board.models import Notice, db

bp = Blueprint("board", __name__)


@bp.get("/")
def index():
    notices = db.session.scalars(db.select(Notice).order_by(Notice.id.desc()))
    return render_template("index.html", notices=notices)


@bp.post("/notices")
def add():
    notice = Notice(text=request.form["text"])
    db.session.add(notice)
    db.session.commit()
    current_app.queue.enqueue(tasks.count_words, notice.id)
    return redirect(url_for("board.index"))


@bp.get("/health")
def health():
    db.session.execute(db.select(Notice.id).limit(1))
    return {"status": "ok"}
