// SPDX-License-Identifier: MIT
//
// ServerOptions::connections and ::errors take effect where connections are served.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/http/server.hpp>
#include <tendril/tls.hpp>

#include "certificates.hpp"
#include "green_test.hpp"
#include "http_server.hpp"
#include "raw_http.hpp"

using namespace std::chrono_literals;

namespace tendril::http {
namespace {

using testing::get;
using testing::RawHttp;
using testing::Served;

void say_path(Request& request, Response& response) {
    response.send(request.path());
}

TENDRIL_TEST(HttpServerOptions, AStopTokenAndADrainArrive) {
    Listener listener = listen("127.0.0.1:0");
    std::stop_source stop;
    Event begun;
    bool killed = false;
    const auto wait_long = [&](Request&, Response&) {
        begun.set();
        try {
            sleep(never);
        } catch (const GreenletExit&) {
            killed = true;
            throw;
        }
    };
    auto server = spawn([&] { serve(listener, wait_long, {.connections = {.drain = 1ms, .stop = stop.get_token()}}); });
    RawHttp client(listener.address());
    client.send(get("/"));
    begun.wait();
    stop.request_stop();
    server.get();
    EXPECT_TRUE(killed) << "after the drain, which would never end by default";
}

TENDRIL_TEST(HttpServerOptions, AnErrorLogAndAHandshakeTimeoutArrive) {
    const auto log = std::make_shared<ErrorLog>(ErrorLogOptions{.write = [](std::string_view) {}});
    const TlsContext context({.server_side = true,
                              .certificate = tendril::testing::server_identity().certificate,
                              .key = tendril::testing::server_identity().key});
    Server server(wrap_ssl(listen("127.0.0.1:0"), context), say_path,
                  {.connections = {.handshake_timeout = 1ms, .error_log = log}});
    server.start();
    TcpSocket silent = connect(server.address());
    char c = 0;
    EXPECT_EQ(silent.recv({&c, 1}, 5s), 0U) << "by default it may be silent for ten seconds";
    EXPECT_EQ(log->count(ErrorKind::handshake), 1U);
    EXPECT_EQ(server.stats().failed_handshakes, 1U) << "the same log";
}

TENDRIL_TEST(HttpServerOptions, ErrorsArePrintedAsAsked) {
    std::string lines;
    {
        Server server(
            "127.0.0.1:0", say_path,
            {.errors = {.write = [&](std::string_view line) { lines.append(line) += '\n'; }, .lines_per_second = 0}});
        server.start();
        EXPECT_EQ(RawHttp(server.address()).ask("nonsense\r\n\r\n").status, 400);
        EXPECT_EQ(server.options().connections.error_log->count(ErrorKind::bad_request), 1U);
        EXPECT_EQ(lines, "");
    }
    EXPECT_NE(lines, "") << "at its end the log says how many had no line";
}

TENDRIL_TEST(HttpServerOptions, ThePlaceOfTheCallIsNoted) {
    const Server server("127.0.0.1:0", say_path);
    EXPECT_TRUE(std::string_view(server.options().connections.where.file).ends_with("server_options_test.cpp"));
}

TENDRIL_TEST(HttpServerOptions, WhatHttpDecidesItselfIsRefused) {
    const auto make = [](const ServerOptions& options) { const Server server("127.0.0.1:0", say_path, options); };
    EXPECT_THROW(make({.connections = {.on_error = OnHandlerError::end}}), std::invalid_argument);
    const ErrorLogOptions printing{.write = [](std::string_view) {}};
    EXPECT_THROW(make({.connections = {.error_log = std::make_shared<ErrorLog>()}, .errors = printing}),
                 std::invalid_argument);
    EXPECT_THROW(make({.connections = {.concurrency = 0}}), std::invalid_argument) << "as serve() says";
}

}  // namespace
}  // namespace tendril::http
