// SPDX-License-Identifier: MIT

#include <tendril/error_log.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/datagram_server.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/socket.hpp>
#include <tendril/stream_server.hpp>
#include <tendril/tls.hpp>

#include "certificates.hpp"
#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using Lines = std::vector<std::string>;

const Address peer = Address::parse("192.0.2.1:4711");

void until(const ErrorLog& log, ErrorKind kind, std::uint64_t count = 1) {
    while (log.count(kind) < count) {
        sleep(1ms);
    }
}

// Resets the client's connection.
void reset(TcpSocket& client) {
    client.set(option::linger, 0s);
    client.close();
}

TENDRIL_TEST(ErrorLog, PrintsSoManyLinesASecondAndSaysHowManyMore) {
    Lines lines;
    std::size_t events = 0;
    {
        ErrorLog log({.write = [&](std::string_view line) { lines.emplace_back(line); },
                      .on_event = [&](const ErrorEvent&) { ++events; },
                      .lines_per_second = 3});
        for (int i = 0; i < 500; ++i) {
            log.report({.kind = ErrorKind::bad_request, .peer = peer, .status = 400, .what = "an invalid Host"});
        }
        EXPECT_EQ(log.count(ErrorKind::bad_request), 500u);
        log.report({.kind = ErrorKind::timeout, .peer = peer, .what = "the next kind has lines of its own"});
        EXPECT_NE(lines.back().find("timeout from 192.0.2.1:4711: the next kind"), std::string::npos) << lines.back();
    }
    EXPECT_EQ(events, 501u);
    EXPECT_EQ(lines.front(), "http: bad request from 192.0.2.1:4711: 400, an invalid Host");
    std::size_t said = 0;
    for (const std::string& line : lines) {  // a second may have ended in between
        said += line.ends_with(" more: bad request") ? std::stoul(line.substr(8)) : line.ends_with("Host") ? 1 : 0;
    }
    EXPECT_EQ(said, 500u);
    EXPECT_LT(lines.size(), 100u);
}

TENDRIL_TEST(ErrorLog, EscapesWhatThePeerSent) {
    const ErrorEvent event{.kind = ErrorKind::handler,
                           .peer = peer,
                           .request = "GET /a\xc2\x9b\xe2\x80\xa8\"\n",
                           .error = std::make_exception_ptr(std::runtime_error("bo\no\xe2\x80\xaem")),
                           .where = {"a.cpp", "f", 7}};
    EXPECT_EQ(event.line(), "http: error in a handler, \"GET /a\\xc2\\x9b\\xe2\\x80\\xa8\\x22\\x0a\" of "
                            "192.0.2.1:4711, served at a.cpp:7: std::runtime_error: bo?o???m");
}

TENDRIL_TEST(ErrorLog, AHookThatThrowsHarmsNobody) {
    ErrorLog log({.write = [](std::string_view) { throw std::runtime_error("no disk"); },
                  .on_event = [](const ErrorEvent&) { throw std::runtime_error("no idea"); }});
    log.report({.kind = ErrorKind::timeout, .peer = peer});
    EXPECT_EQ(log.count(ErrorKind::timeout), 1u);
}

TENDRIL_TEST(ErrorLog, AKillWhileTheLastLineIsWrittenComesAfterIt) {
    Event go;
    Lines lines;
    bool went_on = false;
    auto holder = spawn([&] {
        {
            ErrorLog log({.write =
                              [&](std::string_view line) {
                                  go.wait();
                                  lines.emplace_back(line);
                              },
                          .lines_per_second = 0});
            log.report({.kind = ErrorKind::timeout, .peer = peer});
        }
        yield();
        went_on = true;
    });
    yield();
    holder.kill_nowait();
    yield();
    go.set();
    holder.join();
    EXPECT_EQ(lines.size(), 1u);
    EXPECT_FALSE(went_on);
}

TENDRIL_TEST(ErrorLog, AClientThatResetsIsCountedAndNotPrinted) {
    StreamServer server("127.0.0.1:0", [](TcpSocket& client) {
        TcpSocket own = std::move(client);  // the note is found no matter which object is closed
        char c = 0;
        own.recv({&c, 1});
        own.recv({&c, 1});
    });
    server.start();
    TcpSocket client = connect(server.address());
    client.send_all("x");
    while (server.running() == 0) {
        yield();
    }
    reset(client);
    until(server.error_log(), ErrorKind::peer_gone);
    EXPECT_EQ(server.error_log().count(ErrorKind::handler), 0u);
}

// A handler's own connection to another server does not count as the client's.
TENDRIL_TEST(ErrorLog, AnUpstreamThatResetsIsTheHandlersError) {
    StreamServer server("127.0.0.1:0", [](TcpSocket&) {
        throw std::system_error(ECONNRESET, std::generic_category(), "recv from the upstream");
    });
    server.start();
    TcpSocket client = connect(server.address());
    until(server.error_log(), ErrorKind::handler);
    EXPECT_EQ(testing::take_unhandled().size(), 1u);
    EXPECT_EQ(server.error_log().count(ErrorKind::peer_gone), 0u);
}

TENDRIL_TEST(ErrorLog, NamesThePeerAndThePlaceOfTheCall) {
    std::string name;
    std::string file;
    Hub::current().set_error_handler([&](const ErrorContext& context, const std::exception_ptr&) {
        name = context.name;
        file = context.where.file;
    });
    StreamServerOptions options;  // made before the call, whose place is reported
    StreamServer server(
        "127.0.0.1:0", [](TcpSocket&) { throw std::runtime_error("bad"); }, options);
    server.start();
    TcpSocket client = connect(server.address());
    until(server.error_log(), ErrorKind::handler);
    EXPECT_EQ(name, client.local_address().to_string());
    EXPECT_NE(file.find("error_log_test.cpp"), std::string::npos) << file;
}

TENDRIL_TEST(ErrorLog, HandshakesThatFailAreLinesOfTheLog) {
    Lines lines;
    const auto log = std::make_shared<ErrorLog>(
        ErrorLogOptions{.write = [&](std::string_view line) { lines.emplace_back(line); }, .lines_per_second = 2});
    const TlsContext context({.server_side = true,
                              .certificate = testing::server_identity().certificate,
                              .key = testing::server_identity().key});
    StreamServer server(wrap_ssl(listen("127.0.0.1:0"), context), [](TlsSocket&) {}, {.error_log = log});
    server.start();
    for (int i = 0; i < 5; ++i) {  // a port scan
        TcpSocket scan = connect(server.address());
        const std::string me = scan.local_address().to_string();
        scan.close();
        until(*log, ErrorKind::handshake, static_cast<std::uint64_t>(i) + 1);
        if (i == 0) {
            ASSERT_EQ(lines.size(), 1u);
            EXPECT_NE(lines[0].find("failed TLS handshake from " + me), std::string::npos) << lines[0];
        }
    }
    EXPECT_LT(lines.size(), 8u);
    EXPECT_TRUE(testing::take_unhandled().empty());
}

TENDRIL_TEST(ErrorLog, ADatagramsHandlerIsReportedWithItsPeer) {
    std::string name;
    Hub::current().set_error_handler(
        [&](const ErrorContext& context, const std::exception_ptr&) { name = context.name; });
    DatagramServer server(UdpSocket::bound("127.0.0.1:0"),
                          [](Bytes, const Address&) { throw std::runtime_error("bad"); });
    server.start();
    UdpSocket client = UdpSocket::bound("127.0.0.1:0");
    client.send_to("x", server.address());
    until(server.error_log(), ErrorKind::handler);
    EXPECT_EQ(name, client.local_address().to_string());
}

}  // namespace
}  // namespace tendril
