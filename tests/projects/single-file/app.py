"""A page that converts temperatures: the whole app is this file."""

from flask import Flask, render_template, request

app = Flask(__name__)


def to_fahrenheit(celsius):
    return celsius * 9 / 5 + 32


@app.route("/")
def index():
    celsius = request.args.get("celsius", default=20.0, type=float)
    return render_template("index.html", celsius=celsius, fahrenheit=to_fahrenheit(celsius))


@app.route("/api/<float(signed=True):celsius>")
def convert(celsius):
    return {"celsius": celsius, "fahrenheit": to_fahrenheit(celsius)}


if __name__ == "__main__":
    app.run(debug=True)
