"""What the worker does."""

from board.models import Notice, db


def count_words(number):
    from board import create_app

    with create_app().app_context():
        notice = db.session.get(Notice, number)
        notice.words = len(notice.text.split())
        db.session.commit()
        return notice.words
