# SPDX-License-Identifier: MIT
"""Flask on werkzeug's threaded server: requests that wait, stream and fail, and contexts that do not mix."""

import http.client
import threading
import time

import scene

scene.begin()

import flask  # noqa: E402
import werkzeug.serving  # noqa: E402

application = flask.Flask("site")
application.secret_key = "of a test"


@application.before_request
def begin():
    flask.g.number = flask.request.args.get("number")


@application.route("/wait")
def wait():
    time.sleep(scene.WAIT)
    return f"{flask.g.number} {flask.request.args['number']}"


@application.route("/stream")
def stream():
    def pieces():
        for i in range(5):
            time.sleep(0.01)
            yield f"{i} "

    return flask.Response(pieces())


@application.route("/echo", methods=["POST"])
def echo():
    return flask.request.get_data()


@application.route("/fail")
def fail():
    raise LookupError("on purpose")


@application.errorhandler(LookupError)
def failed(error):
    return f"failed: {error.args[0]}", 500


def main():
    server = werkzeug.serving.make_server("127.0.0.1", 0, application, threaded=True)
    werkzeug.serving.WSGIRequestHandler.log = lambda *_: None
    threading.Thread(target=server.serve_forever).start()

    def ask(method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.request(method, path, body)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, text

    with scene.at_once("200 requests that wait"):
        answers = scene.together(lambda number: ask("GET", f"/wait?number={number}"))
    print("answers:", answers == [(200, b"%d %d" % (number, number)) for number in range(scene.MANY)])
    print("streamed:", set(scene.together(lambda _: ask("GET", "/stream"), 20)))
    body = b"x" * 1_000_000
    print("echoed:", scene.together(lambda _: ask("POST", "/echo", body) == (200, body), 20).count(True))
    print("failed:", *ask("GET", "/fail"))
    print("not found:", ask("GET", "/nowhere")[0])
    server.shutdown()
    server.server_close()


main()
