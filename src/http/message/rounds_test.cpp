// SPDX-License-Identifier: MIT
//
// Every loop whose length a peer decides checks its deadline, even if the peer never lets it wait.

#include "http/message/rounds.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <tendril/error.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/http/client.hpp>
#include <tendril/http/multipart.hpp>
#include <tendril/http/websocket.hpp>

#include "endless_stream.hpp"
#include "green_test.hpp"
#include "http/message/body_reader.hpp"
#include "http/message/content_decoder.hpp"
#include "http/message/deflate.hpp"
#include "raw_http_server.hpp"
#include "raw_websocket.hpp"

using namespace std::chrono_literals;

namespace tendril::http {
namespace {

using testing::EndlessStream;
using testing::RawHttpConnection;
using testing::RawHttpServer;
using testing::RawWebSocket;

constexpr auto soon = 5ms;

TENDRIL_TEST(Rounds, LeaveAPassedDeadlineWhatIsAtHand) {
    detail::Rounds rounds{Deadline(0ms)};
    int done = 0;
    while (!rounds.over()) {
        ++done;
    }
    EXPECT_GE(done, 8);
    EXPECT_LE(done, 100);
    detail::Rounds endless{never};
    for (int i = 0; i < 1000; ++i) {
        EXPECT_FALSE(endless.over());
    }
}

WebSocket flooded(const std::string& first, const std::string& again, const WebSocketOptions& options = {}) {
    return {std::make_unique<EndlessStream>(first, again), WebSocketRole::client, options};
}

TENDRIL_TEST(Rounds, EndAWebSocketsRecv) {
    const std::string empty_ping("\x89\0", 2);
    const std::string pong("\x8a\1x", 3);
    const std::string empty_fragment(2, '\0');
    for (const auto& [first, again] : {std::pair(std::string(), empty_ping), std::pair(std::string(), pong),
                                       std::pair(std::string("\1\0", 2), empty_fragment)}) {
        WebSocket web = flooded(first, again);
        EXPECT_THROW(web.recv(soon), TimeoutError);
        EXPECT_TRUE(web.is_open()) << "it may be asked again";
    }
}

TENDRIL_TEST(Rounds, EndAWebSocketsEmptyBlocks) {
    const std::string block("\0\5\0\0\0\xff\xff", 7);
    WebSocket web(std::make_unique<EndlessStream>(std::string("\x41\0", 2), block), WebSocketRole::client, {},
                  {.deflate = WebSocketDeflate{}});
    EXPECT_THROW(web.recv(soon), TimeoutError);
}

TENDRIL_TEST(Rounds, EndAWebSocketsClose) {
    const WebSocketOptions options{.close_timeout = soon};
    for (const std::string& again : {std::string("\x82\1x", 3), std::string("\x89\0", 2)}) {
        WebSocket web = flooded("", again, options);
        EXPECT_FALSE(web.close());
        EXPECT_FALSE(web.is_open());
    }
    WebSocket broken = flooded("\x83", "x", options);  // a breach, and then bytes without end
    EXPECT_THROW(broken.recv(), WebSocketError);
    WebSocket closing = flooded(std::string("\x88\0", 2), "x", options);
    EXPECT_FALSE(closing.recv().has_value());
}

TENDRIL_TEST(Rounds, AMessageAtHandIsTakenAfterItsDeadline) {
    RawWebSocket raw(WebSocketRole::server);
    const std::string text(20'000, 'x');
    raw.send(raw.frame(0x81, text));
    EXPECT_EQ(raw.web.recv(0ms)->data.size(), text.size());
    EXPECT_THROW(raw.web.recv(0ms), TimeoutError);
}

// A flood over a socket does not keep other green threads from running.
TENDRIL_TEST(Rounds, OthersRunBesideAFlood) {
    for (const WebSocketRole role : testing::both_roles) {
        RawWebSocket raw(role, {.close_timeout = soon});
        std::string pings;
        while (pings.size() < 65536) {
            pings += raw.frame(0x89, "");
        }
        auto flood = spawn([&] {
            for (;;) {
                raw.socket.send_all(pings);
            }
        });
        EXPECT_THROW(raw.web.recv(soon), TimeoutError);
        EXPECT_FALSE(raw.web.close());
        flood.kill();
    }
}

void read_chunks(detail::BodyReader& reader, detail::Incoming& incoming) {
    reader.begin(incoming, {.kind = detail::Framing::Kind::chunked}, {}, nullptr);
}

TENDRIL_TEST(Rounds, EndABodysLoops) {
    EndlessStream stream("", "1\r\nx\r\n");
    detail::Incoming incoming(stream);
    detail::BodyReader reader;
    read_chunks(reader, incoming);
    EXPECT_THROW(reader.read_all(std::size_t{1} << 40, soon), TimeoutError);
    EXPECT_THROW(reader.drain(UINT64_MAX, soon), TimeoutError);
}

TENDRIL_TEST(Rounds, EndAMultipartBodysLoops) {
    const std::string head = "--x\r\nContent-Disposition: form-data; name=a\r\n\r\n";
    EndlessStream parts(head, "abcd");
    MultipartReader reader(parts, "multipart/form-data; boundary=x");
    std::optional<Part> part = reader.next(soon);
    EXPECT_THROW(part->read_all(std::size_t{1} << 40, soon), TimeoutError);
    EXPECT_THROW(reader.next(soon), TimeoutError) << "while it is skipped";
    EndlessStream blanks("--x", " ");
    MultipartReader padded(blanks, "multipart/form-data; boundary=x");
    EXPECT_THROW(padded.next(soon), TimeoutError) << "blanks behind a delimiter";
}

TENDRIL_TEST(Rounds, EndContentThatHoldsNothing) {
    EndlessStream stream(std::string("\x78\x9c", 2), std::string("\0\0\0\xff\xff", 5));
    const auto read = [&](Buffer buffer, Deadline deadline) { return stream.recv(buffer, deadline); };
    char c = 0;
    detail::ContentDecoder decoder(detail::Wrapping::any, read);
    EXPECT_THROW(decoder.recv({&c, 1}, 0ms), TimeoutError);
    EXPECT_THROW(decoder.recv({&c, 1}, never), ProtocolError) << "and without a deadline, sooner or later";
    std::string member;
    detail::Deflater deflater(detail::Wrapping::gzip);
    deflater.finish(member);
    EndlessStream members("", member);
    detail::ContentDecoder all(detail::Wrapping::gzip_or_zlib,
                               [&](Buffer buffer, Deadline deadline) { return members.recv(buffer, deadline); });
    EXPECT_THROW(all.recv({&c, 1}, never), ProtocolError);
}

TENDRIL_TEST(Rounds, EndAResponsesText) {
    RawHttpServer server([](RawHttpConnection& c) {
        c.request();
        c.say("HTTP/1.1 200 OK\r\n\r\n");
        const std::string piece(65536, 'x');
        for (;;) {
            c.say(piece);
        }
    });
    EXPECT_THROW(get(server.url()).text(std::size_t{1} << 40, soon), TimeoutError);
    ClientResponse whole = get(server.url(), {.total_timeout = 20ms});
    const auto read_on = [&] {
        std::string buffer(65536, '\0');
        while (whole.body().recv(buffer) > 0) {
        }
    };
    EXPECT_THROW(read_on(), TimeoutError) << "total_timeout";
}

}  // namespace
}  // namespace tendril::http
