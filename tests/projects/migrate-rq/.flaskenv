FLASK_APP=board
