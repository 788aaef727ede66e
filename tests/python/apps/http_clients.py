# SPDX-License-Identifier: MIT
"""requests, urllib and http.client against a server that waits: sessions, pools, bad peers."""

import http.client
import os
import urllib.request

import scene

scene.begin()

import requests  # noqa: E402

BASE = "http://127.0.0.1:" + os.environ["TENDRIL_TEST_HTTP_PORT"]
LARGE = bytes(ord("a") + i % 26 for i in range(500_000))


def main():
    with scene.at_once("200 by requests"):
        texts = scene.together(lambda _: requests.get(BASE + "/slow").text)
    print("answers:", texts == ["slow"] * scene.MANY)
    with scene.at_once("200 by urllib"):
        texts = scene.together(lambda _: urllib.request.urlopen(BASE + "/slow").read())
    print("answers:", texts == [b"slow"] * scene.MANY)

    def kept_alive(_):
        connection = http.client.HTTPConnection("127.0.0.1", int(BASE.rpartition(":")[2]))
        answers = []
        for path in ("/", "/slow", "/"):
            connection.request("GET", path)
            answers.append(connection.getresponse().read())
        connection.close()
        return answers

    print("kept alive:", scene.together(kept_alive, 50) == [[b"ready", b"slow", b"ready"]] * 50)

    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=10, pool_block=True))
    whole = scene.together(lambda _: session.get(BASE + "/large").content == LARGE, 30)
    print("large, by one session:", whole.count(True))
    print("late answer:", scene.said(lambda: requests.get(BASE + "/silent", timeout=0.2), requests.RequestException))
    scene.interrupts(lambda: requests.get(BASE + "/silent"))
    print("after interrupts:", requests.get(BASE).text)

    def connect(port):
        return requests.get(f"http://127.0.0.1:{port}/", timeout=1)

    scene.bad_peers(connect, (requests.RequestException,))


main()
