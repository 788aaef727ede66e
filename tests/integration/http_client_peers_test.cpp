// SPDX-License-Identifier: MIT
//
// The HTTP client against other people's servers: nginx, Python's http.server, gevent's pywsgi.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/http/client.hpp>
#include <tendril/pool.hpp>

#include "green_test.hpp"
#include "nginx.hpp"
#include "peer.hpp"

namespace {

using namespace tendril;
using namespace std::chrono_literals;
using http::Client;
using http::ClientResponse;

std::string pattern(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
        text[i] = static_cast<char>('a' + i * 7 % 26);
    }
    return text;
}

TENDRIL_TEST(HttpClientPeers, NginxKeepsConnectionsAlive) {
    TENDRIL_NEEDS(nginx_program);
    const Nginx nginx("keepalive_requests 4;");
    const std::string big = pattern(3'000'000);
    nginx.page("big.txt", big);
    Client client;
    for (int i = 0; i < 8; ++i) {
        EXPECT_EQ(client.get(nginx.url("/big.txt")).text(), big);
    }
    EXPECT_EQ(client.stats().made, 2U) << "it closes after four requests, and says so";
    EXPECT_EQ(client.head(nginx.url("/big.txt")).length(), 0U);
    EXPECT_EQ(client.get(nginx.url("/none")).status(), 404);

    Pool pool(20);
    std::size_t right = 0;
    for (int i = 0; i < 200; ++i) {
        pool.spawn([&] { right += client.get(nginx.url("/")).text() == "index" ? 1 : 0; });
    }
    pool.join();
    EXPECT_EQ(right, 200U);
    EXPECT_LE(client.stats().open, 8U);
}

TENDRIL_TEST(HttpClientPeers, NginxCompressesAndCuts) {
    TENDRIL_NEEDS(nginx_program);
    const Nginx nginx("gzip on; gzip_types *; location /moved { return 302 /big.txt?x; }");
    const std::string big = pattern(1'000'000);
    nginx.page("big.txt", big);
    nginx.page("folder/index.html", "in the folder");
    Client client;
    ClientResponse response = client.get(nginx.url("/big.txt"));
    EXPECT_EQ(response.headers().get("Content-Encoding"), "gzip");
    EXPECT_EQ(response.headers().get("Transfer-Encoding"), "chunked");
    EXPECT_EQ(response.text(), big);

    ClientResponse part = client.request({.url = nginx.url("/big.txt"), .headers = {{"Range", "bytes=5-9"}}});
    EXPECT_EQ(part.status(), 206);
    EXPECT_EQ(part.text(), big.substr(5, 5));
    const std::string tag(response.headers().get("Last-Modified"));
    EXPECT_EQ(client.request({.url = nginx.url("/big.txt"), .headers = {{"If-Modified-Since", tag}}}).status(), 304);

    EXPECT_EQ(client.get(nginx.url("/moved")).text(), big);
    ClientResponse folder = client.get(nginx.url("/folder"));
    EXPECT_EQ(folder.text(), "in the folder");
    EXPECT_EQ(folder.url().path(), "/folder/");
    EXPECT_EQ(client.stats().made, 1U);
}

TENDRIL_TEST(HttpClientPeers, NginxRefusesALargeBody) {
    TENDRIL_NEEDS(nginx_program);
    const Nginx nginx("client_max_body_size 1k; location /up { return 204; }");
    Client client;
    EXPECT_EQ(client.post(nginx.url("/up"), pattern(20'000'000)).status(), 413);
    EXPECT_EQ(client.post(nginx.url("/up"), "short").status(), 204);
}

TENDRIL_TEST(HttpClientPeers, NginxSpeaksTlsAndByASocketFile) {
    TENDRIL_NEEDS(nginx_program);
    const Nginx nginx;
    Client client({.tls = TlsOptions{.ca_file = tendril::testing::authority().certificate()}});
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(client.get(nginx.tls_url()).text(), "index");
    }
    EXPECT_EQ(client.stats().made, 1U);
    EXPECT_THROW(http::get(nginx.tls_url()), std::system_error);
    std::string host;
    for (const char c : nginx.socket()) {
        host += c == '/' ? std::string("%2F") : std::string(1, c);
    }
    EXPECT_EQ(client.get("http+unix://" + host + "/index.html").text(), "index");
}

TENDRIL_TEST(HttpClientPeers, PythonsHttpServer) {
    TENDRIL_NEEDS("/usr/bin/python3");
    const std::string big = pattern(500'000);
    for (const char* version : {"HTTP/1.0", "HTTP/1.1"}) {
        const tendril::testing::TemporaryFolder files;
        files.write("a.txt", big);
        const std::uint16_t port = free_port();
        PopenOptions quiet;
        quiet.out = quiet.err = DEVNULL;
        const Peer server({"/usr/bin/python3", "-m", "http.server", "--bind", "127.0.0.1", "--protocol", version,
                           "--directory", files.path(), std::to_string(port)},
                          quiet);
        until_listening(port);
        const std::string url = "http://127.0.0.1:" + std::to_string(port);
        Client client;
        EXPECT_EQ(client.get(url + "/a.txt").text(), big);
        EXPECT_EQ(client.get(url + "/a.txt").text(), big);
        EXPECT_EQ(client.get(url + "/none").status(), 404);
        EXPECT_EQ(client.post(url + "/", "x").status(), 501);
        EXPECT_TRUE(client.get(url + "/").text().find("a.txt") != std::string::npos);
    }
}

constexpr char echo_program[] = R"(
import sys
from gevent.pywsgi import WSGIServer
def app(environ, start_response):
    body = environ['wsgi.input'].read()
    start_response('200 OK', [('Content-Type', 'text/plain')])
    half = len(body) // 2
    return [body[:half], body[half:]]
WSGIServer(('127.0.0.1', int(sys.argv[1])), app, log=None).serve_forever()
)";

TENDRIL_TEST(HttpClientPeers, GeventsPywsgi) {
    if (output_of({"/usr/bin/python3", "-c", "import gevent"}) != "") {
        GTEST_SKIP() << "no gevent";
    }
    const std::uint16_t port = free_port();
    const Peer server({"/usr/bin/python3", "-c", echo_program, std::to_string(port)});
    until_listening(port);
    const std::string url = "http://127.0.0.1:" + std::to_string(port) + "/";
    Client client;
    const std::string big = pattern(400'000);
    EXPECT_EQ(client.post(url, big).text(), big);
    auto [ours, theirs] = TcpSocket::pair();
    auto writer = spawn([&mine = ours, &big] {
        mine.send_all(big);
        mine.close();
    });
    EXPECT_EQ(client.post(url, std::move(theirs)).text(), big) << "in chunks, both ways";
    writer.join();
    const http::ClientRequest careful{.method = "PUT", .url = url, .body = "x", .expect_continue = true};
    EXPECT_EQ(client.request(careful).text(), "x");
    EXPECT_EQ(client.get(url).text(), "");
    EXPECT_EQ(client.stats().made, 1U);
}

}  // namespace
