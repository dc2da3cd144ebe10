"""A notice board; a worker counts the words of each notice."""

import redis
import rq
from flask import Flask
from flask_migrate import Migrate

import config
from board.models import db

migrate = Migrate()


def create_app():
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = config.DATABASE_URL
    db.init_app(app)
    migrate.init_app(app, db)
    app.queue = rq.Queue("counting", connection=redis.Redis.from_url(config.REDIS_URL))

    from board import views

    app.register_blueprint(views.bp)
    return app
