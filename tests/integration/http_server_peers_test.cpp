// SPDX-License-Identifier: MIT
//
// The HTTP server with other people's clients: curl, wrk, ab, Python's http.client and requests.

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tendril/http/multipart.hpp>
#include <tendril/http/server.hpp>
#include <tendril/http/static_files.hpp>
#include <tendril/tls.hpp>

#include "certificates.hpp"
#include "folder.hpp"
#include "green_test.hpp"
#include "peer.hpp"

namespace tendril {
namespace {

using http::Request;
using http::Response;
using testing::authority;
using testing::server_identity;
using testing::TemporaryFile;
using testing::TemporaryFolder;

std::string pattern(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
        text[i] = static_cast<char>('a' + i * 7 % 26);
    }
    return text;
}

// What came: the method, the version, how the body was framed, and how long it was.
std::string facts(Request& request) {
    const std::string framing = request.headers().contains("Transfer-Encoding") ? "chunked"
                                : request.body().length().value_or(0) > 0       ? "length"
                                                                                : "none";
    std::size_t size = 0;
    char buffer[10'000];
    while (const std::size_t n = request.body().recv(buffer)) {
        size += n;
    }
    return std::string(request.method()) + " " + std::string(to_string(request.version())) + " " + framing + " " +
           std::to_string(size);
}

// The fields of a form, and its files.
std::string parts(Request& request) {
    std::string text;
    http::MultipartReader parts(request.body(), request.header("Content-Type"));
    while (std::optional<http::Part> part = parts.next()) {
        text += part->name() + "=" + part->filename().value_or("") + ":" + part->read_all() + ";";
    }
    return text;
}

void answer(Request& request, Response& response) {
    const std::string_view path = request.path();
    if (path == "/echo") {
        response.send(request.body().read_all());
    } else if (path == "/facts") {
        response.send(facts(request), "text/plain");
    } else if (path == "/form") {
        response.send(parts(request), "text/plain");
    } else if (path == "/refuse") {
        response.send(403, "not here");
    } else if (path == "/moved") {
        response.set("Location", "/echo").send(303, "");
    } else if (path == "/pieces") {
        for (int i = 0; i < 100; ++i) {
            response.write(std::to_string(i) + "\n");
            response.flush();
        }
    } else if (path == "/large") {
        response.send(pattern(1'000'000), "text/plain");
    } else {
        response.send("Hello, World!\n", "text/plain");
    }
}

struct Site {
    explicit Site(http::ServerOptions options = {}, http::Handler handler = answer)
        : server("127.0.0.1:0", std::move(handler), options) {
        server.start();
    }
    std::string url(const std::string& path = "/") const { return "http://" + server.address().to_string() + path; }

    http::Server server;
};

std::string curl(std::vector<std::string> arguments, const std::string& input = "\n") {
    arguments.insert(arguments.begin(), {"curl", "-sS", "--max-time", "60"});
    return output_of(arguments, input);
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TENDRIL_TEST(HttpServerPeers, CurlInEachVersion) {
    TENDRIL_NEEDS("curl");
    const Site site;
    EXPECT_EQ(curl({"--http1.1", site.url("/facts")}), "GET HTTP/1.1 none 0");
    EXPECT_EQ(curl({"--http1.0", site.url("/facts")}), "GET HTTP/1.0 none 0");
    EXPECT_EQ(curl({"--http0.9", "--http1.0", site.url("/pieces")}), curl({site.url("/pieces")}))
        << "chunks for one, the connection's end for the other";
    const std::string old = curl({"--http1.0", "-i", site.url()});
    EXPECT_TRUE(has(old, "HTTP/1.1 200 OK\r\n") && has(old, "\r\nConnection: close\r\n")) << old;
    EXPECT_EQ(curl({site.url("/large")}), pattern(1'000'000));
}

TENDRIL_TEST(HttpServerPeers, CurlKeepsItsConnection) {
    TENDRIL_NEEDS("curl");
    const Site site;
    const std::string format = " %{http_code} %{num_connects}\n";
    EXPECT_EQ(curl({"-w", format, site.url("/echo"), "-d", "a body", site.url("/facts"), site.url("/pieces?none")}),
              "a body 200 1\nPOST HTTP/1.1 length 6 200 0\n" + curl({site.url("/pieces")}) + " 200 0\n");
    EXPECT_EQ(site.server.stats().connections, 2U);
    EXPECT_EQ(curl({"--http1.0", "-H", "Connection: keep-alive", "-w", format, site.url(), site.url()}),
              "Hello, World!\n 200 1\nHello, World!\n 200 0\n");
}

TENDRIL_TEST(HttpServerPeers, CurlHead) {
    TENDRIL_NEEDS("curl");
    const Site site;
    const std::string head = curl({"-I", "-w", "%{num_connects}\n", site.url("/large"), site.url()});
    EXPECT_TRUE(has(head, "\r\nContent-Length: 1000000\r\n")) << head;
    EXPECT_TRUE(head.ends_with("\r\nContent-Length: 14\r\n\r\n0\n")) << "on the same connection: " << head;
}

TENDRIL_TEST(HttpServerPeers, CurlUploads) {
    TENDRIL_NEEDS("curl");
    const Site site;
    const TemporaryFile large(pattern(3'000'000));
    const TemporaryFile small("small");
    EXPECT_EQ(curl({"-T", small.path(), site.url("/facts")}), "PUT HTTP/1.1 length 5");
    EXPECT_EQ(curl({"-T", large.path(), site.url("/facts")}), "PUT HTTP/1.1 length 3000000");
    EXPECT_EQ(curl({"--http1.0", "-T", large.path(), site.url("/facts")}), "PUT HTTP/1.0 length 3000000");
    EXPECT_EQ(curl({"-T", "-", site.url("/facts")}, pattern(200'000)), "PUT HTTP/1.1 chunked 200000");
    EXPECT_EQ(curl({"-T", "-", site.url("/echo")}, pattern(200'000)), pattern(200'000));
    EXPECT_EQ(curl({"--data-binary", "@" + large.path(), site.url("/echo")}), pattern(3'000'000));
    EXPECT_EQ(curl({"-H", "Transfer-Encoding: chunked", "-d", "@" + small.path(), site.url("/facts")}),
              "POST HTTP/1.1 chunked 5");
    EXPECT_EQ(curl({"-F", "who=me", "-F", "file=@" + small.path() + ";filename=a.txt", site.url("/form")}),
              "who=:me;file=a.txt:small;");
}

TENDRIL_TEST(HttpServerPeers, CurlWaitsFor100Continue) {
    TENDRIL_NEEDS("curl");
    const Site site;
    const TemporaryFile file(pattern(3'000'000));
    const std::vector<std::string> expecting{"-v", "-H",       "Expect: 100-continue", "--expect100-timeout", "60",
                                             "-T", file.path()};
    auto with = [&](const std::string& path) {
        std::vector<std::string> arguments = expecting;
        arguments.push_back(site.url(path));
        return curl(arguments);
    };
    const std::string read = with("/facts");
    EXPECT_LT(read.find("> Expect: 100-continue"), read.find("< HTTP/1.1 100 Continue")) << read;
    EXPECT_LT(read.find("< HTTP/1.1 100 Continue"), read.find("< HTTP/1.1 200 OK")) << read;
    EXPECT_TRUE(read.starts_with("PUT HTTP/1.1 length 3000000"));
    const std::string refused = with("/refuse");
    EXPECT_FALSE(has(refused, "100 Continue")) << refused;
    EXPECT_TRUE(has(refused, "< HTTP/1.1 403 Forbidden") && has(refused, "< Connection: close")) << refused;
}

TENDRIL_TEST(HttpServerPeers, CurlAsksForPartsOfFiles) {
    TENDRIL_NEEDS("curl");
    const TemporaryFolder folder;
    folder.write("page.txt", pattern(100'000));
    const Site site({}, http::StaticFiles(folder.path()));
    const std::string page = site.url("/page.txt");
    EXPECT_EQ(curl({page}), pattern(100'000));
    EXPECT_EQ(curl({"--range", "5-9", page}), pattern(100'000).substr(5, 5));
    EXPECT_EQ(curl({"--range", "-3", page}), pattern(100'000).substr(99'997));
    EXPECT_TRUE(has(curl({"-i", "--range", "200000-", page}), "416")) << "behind the end";
    const std::string two = curl({"-i", "--range", "0-1,50-52", page});
    EXPECT_TRUE(has(two, "Content-Type: multipart/byteranges;") && has(two, "Content-Range: bytes 50-52/100000"))
        << two;
    const TemporaryFile begun(pattern(100'000).substr(0, 1000));
    curl({"-C", "-", "-o", begun.path(), page});
    EXPECT_EQ(begun.content(), pattern(100'000)) << "it goes on where it was";
    EXPECT_EQ(curl({"-z", begun.path(), "-w", "%{http_code}", page}), "304");
}

TENDRIL_TEST(HttpServerPeers, CurlTakesCompressedBodies) {
    TENDRIL_NEEDS("curl");
    const Site site({.compression = http::Compression{}});
    const std::string out = curl({"--compressed", "-w", " %{size_download}", site.url("/large")});
    EXPECT_EQ(out.substr(0, 1'000'000), pattern(1'000'000));
    EXPECT_LT(std::stoul(out.substr(1'000'000)), 100'000U);
    EXPECT_EQ(curl({site.url("/large")}), pattern(1'000'000));
}

TENDRIL_TEST(HttpServerPeers, CurlOverTls) {
    TENDRIL_NEEDS("curl");
    TlsOptions tls;
    tls.server_side = true;
    tls.certificate = server_identity().certificate;
    tls.key = server_identity().key;
    const TemporaryFile ca(authority().certificate());
    const TemporaryFile large(pattern(3'000'000));
    http::Server server(wrap_ssl(listen("127.0.0.1:0"), tls), [](Request& request, Response& response) {
        EXPECT_TRUE(request.is_secure());
        answer(request, response);
    });
    server.start();
    const std::string url = "https://" + server.address().to_string();
    EXPECT_EQ(curl({"--cacert", ca.path(), "-w", " %{num_connects}\n", url + "/facts", url + "/echo", "-d", "body"}),
              "POST HTTP/1.1 length 4 1\nbody 0\n");
    EXPECT_EQ(curl({"--cacert", ca.path(), "-T", large.path(), url + "/echo"}), pattern(3'000'000));
    EXPECT_EQ(curl({"--cacert", ca.path(), url + "/large"}), pattern(1'000'000));
    EXPECT_TRUE(has(curl({url + "/"}), "certificate")) << "it trusts nobody, and the server goes on";
    EXPECT_EQ(curl({"--cacert", ca.path(), url + "/"}), "Hello, World!\n");
    testing::take_unhandled();  // the handshake that failed
}

// The number in front of a word in a report; -1 when it is not there.
long number_before(const std::string& text, const std::string& word) {
    const std::size_t at = text.find(word);
    if (at == std::string::npos) {
        return -1;
    }
    const std::size_t begin = text.find_last_not_of("0123456789", at - 1);
    return std::stol(text.substr(begin + 1, at - begin - 1));
}

long number_behind(const std::string& text, const std::string& word) {
    const std::size_t at = text.find(word);
    return at == std::string::npos ? -1 : std::stol(text.substr(at + word.size()));
}

TENDRIL_TEST(HttpServerPeers, Wrk) {
    TENDRIL_NEEDS("wrk");
    const Site site;
    const std::string report = output_of({"wrk", "-t1", "-c20", "-d1s", site.url()});
    EXPECT_FALSE(has(report, "Socket errors")) << report;
    EXPECT_FALSE(has(report, "Non-2xx")) << report;
    const long answered = number_before(report, " requests in ");
    EXPECT_GT(answered, 0) << report;
    const http::ServerStats stats = site.server.stats();
    EXPECT_GE(static_cast<long>(stats.requests), answered);
    EXPECT_LE(static_cast<long>(stats.requests), answered + 20) << "one under way at the end on each connection";
    EXPECT_EQ(stats.errors + stats.bad_requests, 0U);
}

TENDRIL_TEST(HttpServerPeers, AbKeepsConnectionsOfHttp10Alive) {
    TENDRIL_NEEDS("ab");
    const Site site;
    const std::string report = output_of({"ab", "-q", "-k", "-n", "400", "-c", "8", site.url()});
    EXPECT_EQ(number_behind(report, "Complete requests:"), 400) << report;
    EXPECT_EQ(number_behind(report, "Failed requests:"), 0) << report;
    EXPECT_EQ(number_behind(report, "Keep-Alive requests:"), 400) << report;
    EXPECT_EQ(site.server.stats().requests, 400U);
    EXPECT_LE(site.server.stats().connections, 9U);
}

std::string python(const std::string& script, const Site& site) {
    return output_of({"/usr/bin/python3", "-c", script, site.url("")});
}

TENDRIL_TEST(HttpServerPeers, PythonsHttpClient) {
    TENDRIL_NEEDS("/usr/bin/python3");
    const Site site;
    EXPECT_EQ(python(R"(
import http.client, sys
host = sys.argv[1][len("http://"):]
c = http.client.HTTPConnection(host)
def ask(method, path, **more):
    c.request(method, path, **more)
    r = c.getresponse()
    return r.status, r.version, r.read().decode()
print(ask("GET", "/"))
print(ask("POST", "/echo", body=iter([b"one", b"", b"two" * 2])))
print(ask("POST", "/facts", body=iter([b"x" * 100000] * 3)))
print(ask("PUT", "/facts", body=b"known"))
print(ask("HEAD", "/large"))
print(ask("GET", "/pieces")[2] == "".join(f"{i}\n" for i in range(100)))
print(ask("GET", "/moved"))
print(len(ask("GET", "/large")[2]))
c.close()
)",
                     site),
              "(200, 11, 'Hello, World!\\n')\n(200, 11, 'onetwotwo')\n(200, 11, 'POST HTTP/1.1 chunked 300000')\n"
              "(200, 11, 'PUT HTTP/1.1 length 5')\n(200, 11, '')\nTrue\n(303, 11, '')\n1000000\n");
    EXPECT_EQ(site.server.stats().connections, 1U);
}

// It sends all before it reads the first answer.
TENDRIL_TEST(HttpServerPeers, PythonPipelines) {
    TENDRIL_NEEDS("/usr/bin/python3");
    const Site site;
    EXPECT_EQ(python(R"(
import socket, sys
host, port = sys.argv[1][len("http://"):].split(":")
s = socket.create_connection((host, int(port)))
n = 50
s.sendall(b"".join(b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n%05d\r\n0\r\n\r\n" % i
                   for i in range(n)))
f = s.makefile("rb")
def answer():
    head = dict(line.strip().split(b": ") for line in list(iter(f.readline, b"\r\n"))[1:])
    return int(f.read(int(head[b"Content-Length"])))
got = [answer() for i in range(n)]
print(got == list(range(n)))
)",
                     site),
              "True\n");
    EXPECT_EQ(site.server.stats().connections, 1U);
    EXPECT_EQ(site.server.stats().requests, 50U);
}

TENDRIL_TEST(HttpServerPeers, PythonsRequests) {
    TENDRIL_NEEDS("/usr/bin/python3");
    if (run(shell("/usr/bin/python3 -c 'import requests' 2>/dev/null")).returncode != 0) {
        GTEST_SKIP() << "Python has no requests on this machine";
    }
    const Site site({.compression = http::Compression{}});
    EXPECT_EQ(python(R"(
import requests, sys
url = sys.argv[1]
with requests.Session() as s:
    print(s.get(url + "/").text, end="")
    print(s.post(url + "/echo", data="a body").text)
    print(s.post(url + "/facts", data=iter([b"x" * 1000] * 10)).text)
    print(s.post(url + "/form", data={"who": "me"}, files={"file": ("a.txt", b"content")}).text)
    print(s.post(url + "/moved", data="x").history)
    r = s.get(url + "/large")
    print(r.headers["Content-Encoding"], len(r.text))
    r = s.get(url + "/pieces", stream=True)
    print([line.decode() for line in r.iter_lines()] == [str(i) for i in range(100)])
    print(s.put(url + "/refuse", data=b"x" * 1000000).status_code)
)",
                     site),
              "Hello, World!\na body\nPOST HTTP/1.1 chunked 10000\nwho=:me;file=a.txt:content;\n[<Response [303]>]\n"
              "gzip 1000000\nTrue\n403\n");
    EXPECT_LE(site.server.stats().connections, 2U) << "but for the one that a refused body may end";
}

}  // namespace
}  // namespace tendril
