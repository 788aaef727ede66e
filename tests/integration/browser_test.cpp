// SPDX-License-Identifier: MIT
//
// A real browser: the live page of tendril-demo, a browser's WebSocket, and how it uses connections and its cache. Once
// only, not on every backend: it takes long to start, and it does not see what the hub is made of.

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <tendril/group.hpp>
#include <tendril/http/client.hpp>
#include <tendril/http/inspect.hpp>
#include <tendril/http/router.hpp>
#include <tendril/http/server.hpp>
#include <tendril/http/websocket.hpp>

#include "browser.hpp"
#include "peer.hpp"

namespace tendril {
namespace {

using namespace std::chrono_literals;
using http::Request;
using http::Response;
using http::WebSocket;
using http::WebSocketDeflate;

std::string demo_program() {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() / "examples" / "tendril-demo";
}

std::string text_of(Browser& browser, const std::string& id) {
    return browser.evaluate("document.getElementById('" + id + "').textContent");
}

TEST(Browser, TheLivePageShowsFiguresThatMove) {
    TENDRIL_NEEDS(Browser::program);
    if (!std::filesystem::exists(demo_program())) {
        GTEST_SKIP() << "tendril-demo is not built";
    }
    Peer demo({demo_program(), "--serve", "0"}, {.out = PIPE});
    const std::string line = Peer::after(demo->stdout_(), "Serving on ");
    const std::string url = line.substr(0, line.find(' '));
    Browser browser(url);
    browser.until("document.getElementById('state')?.textContent === 'live'");
    EXPECT_NE(text_of(browser, "greenlets"), "0");

    http::Client client({.per_origin = 20});
    Group load;
    for (int i = 0; i < 20; ++i) {
        load.spawn([&] {
            for (int left = 50; left > 0; --left) {
                client.get(url + (left % 10 == 0 ? "slow" : "hello")).text();
            }
        });
    }
    browser.until("document.getElementById('rate').textContent !== '0'");
    browser.until("Number(document.getElementById('connections').textContent) > 20");
    load.join();
    browser.until("document.getElementById('requests').textContent >= '1,000'");
    EXPECT_NE(text_of(browser, "p50"), "\xe2\x80\x93");
    browser.until("Array.from(document.querySelectorAll('#latency li'), row =>"
                  " Number(row.lastChild.textContent)).reduce((a, b) => a + b) >= 1000");
    browser.until("document.getElementById('uptime').textContent !== '0 s'");

    // The page's policy lets its own style and script work, and nobody else's.
    EXPECT_EQ(browser.evaluate("getComputedStyle(document.querySelector('dl')).display"), "grid");
    EXPECT_EQ(browser.evaluate("(() => { const s = document.createElement('script'); s.textContent = 'window.bad = 1';"
                               " document.body.append(s); return window.bad; })()"),
              "undefined");
    EXPECT_EQ(browser.evaluate("fetch('/stats.json').then(a => a.json()).then(s => s.requests > 1000)"), "true");

    client.close_idle();
    demo->terminate();
    EXPECT_EQ(demo->wait(20s), 0) << "an open page does not keep it";
    browser.until("document.getElementById('state').textContent === 'the server is away'");
}

TEST(Browser, ShowsAProcessAsTendrilTopDoes) {
    TENDRIL_NEEDS(Browser::program);
    const auto sleeper = spawn({.name = "a <b>sleeper</b>"}, [] { sleep(1h); });
    http::Router router;
    router.add("GET", "/tendril/{path...}", http::InspectPages({.prefix = "/tendril/"}));
    http::Server server("127.0.0.1:0", router);
    server.start();
    Browser browser("http://" + server.address().to_string() + "/tendril/");
    browser.until("document.getElementById('state')?.textContent === 'live'");
    browser.until("document.getElementById('rate').textContent !== '\xe2\x80\x93'");
    browser.until("document.getElementById('rows').textContent.includes('a <b>sleeper</b>')");
    EXPECT_EQ(browser.evaluate("document.querySelectorAll('#rows b').length"), "0") << "a name is text, not HTML";
    EXPECT_EQ(browser.evaluate("document.querySelectorAll('.hub').length"), "1");
    EXPECT_EQ(browser.evaluate("document.querySelectorAll('.hub rect').length"), "50") << "two histograms";
    EXPECT_EQ(browser.evaluate("getComputedStyle(document.querySelector('dl')).display"), "grid");

    // Sorts, filters, and shows a backtrace.
    browser.evaluate("Array.from(document.querySelectorAll('th button')).find(b => b.textContent === 'name').click()");
    browser.until("document.querySelector('th[aria-sort=ascending]')?.textContent === 'name'");
    browser.evaluate("(f => { f.value = 'SLEEPER'; f.oninput(); })(document.getElementById('filter'))");
    browser.until("document.querySelectorAll('#rows tr').length === 1");
    browser.evaluate("document.querySelector('#rows tr').click()");
    browser.until("document.getElementById('dialog').open");
    browser.until("document.getElementById('frames').textContent.includes('#0 ')");
    if (const char* const file = std::getenv("TENDRIL_TEST_SCREENSHOT"); file != nullptr) {
        browser.screenshot(file);
    }
    browser.evaluate("document.getElementById('dialog').close()");
    browser.evaluate("Array.from(document.querySelectorAll('#tabs button')).find(b => b.textContent === 'metrics')"
                     ".click()");
    browser.until("document.getElementById('rows').textContent.includes('tendril_http_requests_total')");
    server.stop();
    browser.until("document.getElementById('state').className === 'away'");
    sleeper.kill();
}

constexpr std::string_view websocket_page = R"(<!doctype html>
<title>WebSocket</title>
<script>
  async function talk() {
    const said = [];
    const socket = new WebSocket('ws://' + location.host + '/echo', ['none', 'chat']);
    socket.binaryType = 'arraybuffer';
    const closed = new Promise(done => { socket.onclose = e => done(`${e.code} ${e.reason} ${e.wasClean}`); });
    const echo = data => new Promise(done => { socket.onmessage = e => done(e.data); socket.send(data); });
    await new Promise(done => { socket.onopen = done; });
    said.push(socket.protocol, socket.extensions);
    said.push(await echo('Gr\u00fc\u00dfe \u{1f331}') === 'Gr\u00fc\u00dfe \u{1f331}', await echo('') === '');
    const noise = new Uint8Array(1 << 20);
    for (let at = 0; at < noise.length; at += 65536) crypto.getRandomValues(noise.subarray(at, at + 65536));
    const back = new Uint8Array(await echo(noise));
    said.push(back.length === noise.length && back.every((byte, i) => byte === noise[i]));
    const text = 'the same again and again '.repeat(40000);
    said.push(await echo(text) === text);
    socket.close(4321, 'enough');
    said.push(await closed);
    return said.join(', ');
  }
  async function isClosed(path) {
    const socket = new WebSocket('ws://' + location.host + path);
    return new Promise(done => { socket.onclose = e => done(`${e.code} ${e.reason} ${e.wasClean}`); });
  }
</script>
)";

TEST(Browser, ItsWebSocketTalksWithOurs) {
    TENDRIL_NEEDS(Browser::program);
    std::string end;
    http::Router router;
    router.add("GET", "/", [](Request&, Response& response) { response.send(websocket_page, "text/html"); });
    router.add("GET", "/echo", [&end](Request& request, Response& response) {
        std::optional<WebSocket> socket =
            http::websocket_accept(request, response, {.deflate = WebSocketDeflate{}, .subprotocols = {"chat"}});
        while (const auto message = socket->recv()) {
            message->binary ? socket->send_binary(message->data) : socket->send(message->data);
        }
        end = std::to_string(socket->close_code()) + " " + std::string(socket->close_reason());
    });
    router.add("GET", "/bye", [](Request& request, Response& response) {
        http::websocket_accept(request, response)->close(4001, "go");
    });
    router.add("GET", "/strangers", [](Request& request, Response& response) {
        EXPECT_FALSE(http::websocket_accept(
            request, response, {.allow_origin = [](std::string_view origin) { return origin == "http://a.example"; }}));
    });
    http::Server server("127.0.0.1:0", router);
    server.start();
    Browser browser("http://" + server.address().to_string() + "/");
    browser.until("document.readyState === 'complete' && typeof talk === 'function'");
    EXPECT_EQ(browser.evaluate("talk()"), "chat, permessage-deflate, true, true, true, true, 4321  true")
        << "the server's Close has the same code";
    EXPECT_EQ(end, "4321 enough");
    EXPECT_EQ(browser.evaluate("isClosed('/bye')"), "4001 go true");
    EXPECT_EQ(browser.evaluate("isClosed('/strangers')"), "1006  false");
}

TEST(Browser, UsesConnectionsAgainAndItsCache) {
    TENDRIL_NEEDS(Browser::program);
    int unchanged = 0;
    std::string uploaded;
    http::Router router;
    router.add("GET", "/", [](Request&, Response& response) { response.send("<title>t</title>", "text/html"); });
    router.add("GET", "/each/{n}", [](Request& request, Response& response) {
        sleep(5ms);  // so that it wants several connections
        response.send(request.parameter("n"), "text/plain");
    });
    router.add("GET", "/cached", [&unchanged](Request& request, Response& response) {
        response.set("ETag", "\"one\"").set("Cache-Control", "no-cache");
        if (request.header("If-None-Match") == "\"one\"") {
            ++unchanged;
            response.send(304, {});
        } else {
            response.send("content", "text/plain");
        }
    });
    router.add("POST", "/upload", [&uploaded](Request& request, Response& response) {
        char buffer[4096];
        while (const std::size_t n = request.body().recv(buffer)) {
            uploaded.append(buffer, n);
            response.write(Bytes(buffer, n));  // in chunks, as it comes
        }
    });
    http::Server server("127.0.0.1:0", router);
    server.start();
    Browser browser("http://" + server.address().to_string() + "/");
    browser.until("document.title === 't'");
    EXPECT_EQ(browser.evaluate("Promise.all(Array.from({length: 60}, (_, n) => fetch('/each/' + n).then(a => a.text())"
                               ")).then(all => all.every((text, n) => text === String(n)))"),
              "true");
    EXPECT_GE(server.stats().requests, 61U);
    EXPECT_LE(server.stats().connections, 8U) << "a browser makes six to a host, and maybe one ahead";

    const std::string fetch_cached = "fetch('/cached').then(a => a.text().then(text => a.status + ' ' + text))";
    EXPECT_EQ(browser.evaluate(fetch_cached), "200 content");
    EXPECT_EQ(unchanged, 0);
    EXPECT_EQ(browser.evaluate(fetch_cached), "200 content");
    EXPECT_EQ(unchanged, 1);

    EXPECT_EQ(browser.evaluate("fetch('/upload', {method: 'POST', body: 'x'.repeat(1000000)}).then(a => a.text())"
                               ".then(text => text === 'x'.repeat(1000000))"),
              "true");
    EXPECT_EQ(uploaded.size(), 1'000'000U);
}

}  // namespace
}  // namespace tendril
