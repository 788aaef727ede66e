# SPDX-License-Identifier: MIT
"""The standard library's own servers: ThreadingHTTPServer, socketserver over TCP, UDP and Unix, xmlrpc."""

import http.client
import http.server
import os
import socket
import socketserver
import tempfile
import threading
import time
import xmlrpc.client
import xmlrpc.server

import scene

scene.begin()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        time.sleep(scene.WAIT)
        body = self.path.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class HttpServer(http.server.ThreadingHTTPServer):
    request_queue_size = 300


class Upper(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line.upper())


class UpperOfDatagram(socketserver.BaseRequestHandler):
    def handle(self):
        data, own = self.request
        time.sleep(0.05)
        own.sendto(data.upper(), self.client_address)


def served(server):
    """Runs the server in a thread. Returns it."""
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
    return server


def main():
    web = served(HttpServer(("127.0.0.1", 0), Handler))

    def ask(number):
        connection = http.client.HTTPConnection("127.0.0.1", web.server_port, timeout=30)
        answers = []
        for i in range(3):
            connection.request("GET", f"/{number}/{i}")
            answers.append(connection.getresponse().read().decode())
        connection.close()
        return answers

    with scene.at_once("200 clients, three requests each"):
        answers = scene.together(ask)
    print("answers:", answers == [[f"/{number}/{i}" for i in range(3)] for number in range(scene.MANY)])

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "socket")
        local = served(socketserver.ThreadingUnixStreamServer(path, Upper))
        stream = served(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Upper))

        def talk(number):
            if number % 2:
                peer = socket.create_connection(stream.server_address)
            else:
                peer = socket.socket(socket.AF_UNIX)
                peer.connect(path)
            with peer, peer.makefile("rw", encoding="ascii") as file:
                for i in range(10):
                    file.write(f"line {number} {i}\n")
                    file.flush()
                    if file.readline() != f"LINE {number} {i}\n":
                        return False
            return True

        print("lines over TCP and Unix:", scene.together(talk, 10).count(True))

        packets = served(socketserver.ThreadingUDPServer(("127.0.0.1", 0), UpperOfDatagram))

        def send(number):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
                own.settimeout(10)
                own.sendto(b"packet %d" % number, packets.server_address)
                return own.recv(100)

        print("datagrams:", scene.together(send, 20) == [b"PACKET %d" % number for number in range(20)])

        class Calls(socketserver.ThreadingMixIn, xmlrpc.server.SimpleXMLRPCServer):
            pass

        calls = Calls(("127.0.0.1", 0), logRequests=False)
        calls.register_function(lambda a, b: (time.sleep(0.1), a + b)[1], "add")
        served(calls)

        def call(number):
            with xmlrpc.client.ServerProxy("http://127.0.0.1:%d" % calls.server_address[1]) as proxy:
                return proxy.add(number, 1)

        print("calls:", scene.together(call, 5))
        for server in (web, local, stream, packets, calls):
            server.shutdown()
            server.server_close()
    print("threads left:", threading.active_count())


main()
