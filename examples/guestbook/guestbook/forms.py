from __future__ import annotations

from flask_wtf import CSRFProtect, FlaskForm
from wtforms import StringField, TextAreaField
from wtforms.validators import DataRequired, Length

csrf = CSRFProtect()


def _stripped(text: str | None) -> str | None:
    return text.strip() if text else text


class EntryForm(FlaskForm):  # type: ignore[misc]
    author = StringField(
        "Your name",
        filters=[_stripped],
        validators=[DataRequired("Please tell us your name."), Length(max=80)],
    )
    message = TextAreaField(
        "Your message",
        filters=[_stripped],
        validators=[DataRequired("Please write a few words."), Length(max=1000)],
    )
