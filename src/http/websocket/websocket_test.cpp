// SPDX-License-Identifier: MIT

#include <tendril/http/websocket.hpp>

#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/timeout.hpp>

#include "errno_of.hpp"
#include "green_test.hpp"
#include "raw_websocket.hpp"
#include "until.hpp"

using namespace std::chrono_literals;

namespace tendril::http {
namespace {

using namespace std::string_literals;
using testing::both_roles;
using testing::endless;
using testing::errno_of;
using testing::RawWebSocket;

TENDRIL_TEST(WebSocket, TimeoutsAndKillsInRecvLoseNothing) {
    for (const WebSocketRole role : both_roles) {
        RawWebSocket raw(role);
        const std::string bytes = raw.frame(0x01, "frag") + raw.frame(0x89, "ping") + raw.frame(0x80, "ments");
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            raw.send(bytes.substr(i, 1));
            if (i + 1 == bytes.size()) {
                break;
            }
            if (i % 3 == 0) {
                EXPECT_THROW(raw.web.recv(0ms), TimeoutError);
            } else if (i % 3 == 1) {
                EXPECT_FALSE(with_timeout(0ms, [&] { return raw.web.recv(); }).has_value());
            } else {
                auto killed = spawn([&] { raw.web.recv(); });
                testing::until_waiting_for_io(1);
                killed.kill();
            }
        }
        EXPECT_EQ(raw.web.recv()->data, "fragments");
        EXPECT_EQ(raw.next(), "pong:ping");
    }
}

TENDRIL_TEST(WebSocket, ABrokenOffSendEndsThisDirection) {
    for (const WebSocketRole role : both_roles) {
        for (const bool by_kill : {true, false}) {
            RawWebSocket raw(role, {.fragment_size = SIZE_MAX});
            if (by_kill) {
                auto killed = spawn([&] { raw.web.send(endless()); });
                testing::until_waiting_for_io(1);
                killed.kill();
            } else {
                try {
                    raw.web.send(endless(), 2ms);
                    ADD_FAILURE() << "it was sent";
                } catch (const TimeoutError& e) {
                    EXPECT_GT(e.done(), 0u);
                    EXPECT_LT(e.done(), endless().size());
                }
            }
            EXPECT_EQ(errno_of([&] { raw.web.send("x"); }), EPIPE);
            EXPECT_EQ(errno_of([&] { raw.web.ping(); }), EPIPE);
            raw.send(raw.frame(0x81, "this way"));
            EXPECT_EQ(raw.web.recv()->data, "this way");
            EXPECT_FALSE(raw.web.close());
        }
    }
}

// A connection that takes nothing in time while `balks` is set.
class Balky final : public Stream {
public:
    Balky(TcpSocket socket, const bool& balks) : socket_(std::move(socket)), balks_(balks) {}
    std::size_t recv(Buffer buffer, Deadline deadline) override { return socket_.recv(buffer, deadline); }
    void await_data(Deadline deadline) override { socket_.await_data(deadline); }
    std::size_t send(Bytes bytes, Deadline deadline) override {
        if (balks_) {
            throw TimeoutError("send");
        }
        return socket_.send(bytes, deadline);
    }
    void shutdown(Shutdown how, Deadline deadline) override { socket_.shutdown(how, deadline); }
    int fd() const noexcept override { return socket_.fd(); }
    void close() noexcept override { socket_.close(); }
    bool is_open() const noexcept override { return socket_.is_open(); }

private:
    TcpSocket socket_;
    const bool& balks_;
};

// The peer must be able to inflate the messages that follow one which was not sent.
TENDRIL_TEST(WebSocket, ASendOfWhichNothingHasGoneIsAsIfItHadNotBeen) {
    for (const WebSocketRole role : both_roles) {
        const bool server = role == WebSocketRole::server;
        const WebSocketAgreement agreed{.deflate = WebSocketDeflate{}};
        bool balks = false;
        auto [one, other] = TcpSocket::pair();
        WebSocket web(std::make_unique<Balky>(std::move(one), balks), role, {}, agreed);
        WebSocket peer(std::make_unique<TcpSocket>(std::move(other)),
                       server ? WebSocketRole::client : WebSocketRole::server, {}, agreed);
        const std::string text = "words that are compressed, and compressed again, as they are long enough for it";
        web.send(text);
        EXPECT_EQ(peer.recv()->data, text);
        balks = true;
        const std::string lost = "none of the words in here were ever seen by anybody on the other side of the wire";
        EXPECT_THROW(web.send(lost), TimeoutError);
        EXPECT_THROW(web.ping(), TimeoutError);
        balks = false;
        for (const std::string& again : {text, lost, text}) {
            web.send(again);
            EXPECT_EQ(peer.recv()->data, again);
        }
    }
}

// A connection that notes what its reader does.
class Told final : public Stream {
public:
    struct Reader {
        bool waits = false;       // in await_data()
        bool has_buffer = false;  // in recv()
    };
    Told(TcpSocket socket, Reader& reader) : socket_(std::move(socket)), reader_(reader) {}
    std::size_t recv(Buffer buffer, Deadline deadline) override {
        const In in(reader_.has_buffer);
        return socket_.recv(buffer, deadline);
    }
    void await_data(Deadline deadline) override {
        const In in(reader_.waits);
        socket_.await_data(deadline);
    }
    std::size_t send(Bytes bytes, Deadline deadline) override { return socket_.send(bytes, deadline); }
    void shutdown(Shutdown how, Deadline deadline) override { socket_.shutdown(how, deadline); }
    int fd() const noexcept override { return socket_.fd(); }
    void close() noexcept override { socket_.close(); }
    bool is_open() const noexcept override { return socket_.is_open(); }

private:
    struct In {
        bool& flag;
        explicit In(bool& f) : flag(f) { flag = true; }
        ~In() { flag = false; }
    };
    TcpSocket socket_;
    Reader& reader_;
};

TENDRIL_TEST(WebSocket, HoldsNoBufferWhileNothingComes) {
    Told::Reader reader;
    auto [one, other] = TcpSocket::pair();
    WebSocket web(std::make_unique<Told>(std::move(one), reader), WebSocketRole::server);
    WebSocket peer(std::make_unique<TcpSocket>(std::move(other)), WebSocketRole::client);
    for (const std::size_t size : {0UL, 10UL, 100'000UL}) {
        auto message = spawn([&] { return web.recv(); });
        testing::until_waiting_for_io(1);
        EXPECT_TRUE(reader.waits);
        EXPECT_FALSE(reader.has_buffer);
        peer.send(std::string(size, 'x'));
        EXPECT_EQ(message.get()->data.size(), size);
    }
}

TENDRIL_TEST(WebSocket, MessagesOfSeveralSendersStayWholeAndInTurn) {
    for (const WebSocketRole role : both_roles) {
        RawWebSocket raw(role, {.fragment_size = 100'000});
        std::vector<Greenlet<void>> senders;
        for (const char c : "abc"s) {
            senders.push_back(spawn([&raw, c] { raw.web.send(std::string(1'000'000, c)); }));
        }
        testing::until_waiting_for_io(1);
        auto pinger = spawn([&] { raw.web.ping("in between"); });
        std::string all;
        std::size_t pings = 0;
        for (std::size_t ends = 0; ends < 3;) {
            const std::string frame = raw.next();
            if (frame == "ping:in between") {
                ++pings;
                EXPECT_EQ(ends, 0u) << "it did not wait for the message's end";
                continue;
            }
            all += frame.substr(frame.find(':') + 1);
            ends += raw.header.fin ? 1 : 0;
        }
        EXPECT_EQ(pings, 1u);
        EXPECT_TRUE(all == std::string(1'000'000, 'a') + std::string(1'000'000, 'b') + std::string(1'000'000, 'c'));
        join_all(senders);
        pinger.join();
    }
}

TENDRIL_TEST(WebSocket, ASenderWhoWaitsForItsTurnMayBeKilled) {
    RawWebSocket raw(WebSocketRole::server);
    auto first = spawn([&] { raw.web.send(endless()); });
    testing::until_waiting_for_io(1);
    auto killed = spawn([&] { raw.web.send("killed"); });
    yield();
    killed.kill();
    EXPECT_THROW(raw.web.send("late", 0ms), TimeoutError);
    auto second = spawn([&] { raw.web.send("second"); });
    std::size_t size = 0;
    do {
        size += raw.next().size();
    } while (!raw.header.fin);
    EXPECT_GE(size, endless().size());
    EXPECT_EQ(raw.next(), "text:second");
    join_all({first, second});
}

TENDRIL_TEST(WebSocket, ASecondReaderIsRefused) {
    RawWebSocket raw(WebSocketRole::server);
    auto reader = spawn([&] { return raw.web.recv()->data; });
    testing::until_waiting_for_io(1);
    EXPECT_THROW(raw.web.recv(), ConcurrentUse);
    raw.send(raw.frame(0x81, "for the first"));
    EXPECT_EQ(reader.get(), "for the first");
}

// recv() goes on reading from a peer that does not read its pongs; the newest ping is answered once it does.
TENDRIL_TEST(WebSocket, PongsWaitForRoomButNobodyForThem) {
    for (const WebSocketRole role : both_roles) {
        RawWebSocket raw(role);
        const std::string ping = raw.frame(0x89, std::string(125, 'p'));
        std::string pings;
        for (int i = 0; i < 1000; ++i) {
            pings += ping;
        }
        for (int i = 0; i < 40; ++i) {
            raw.send(pings + raw.frame(0x81, "message"));
            ASSERT_EQ(raw.web.recv()->data, "message");
        }
        raw.send(raw.frame(0x89, "the newest"));
        auto reader = spawn([&] { raw.web.recv(); });
        std::string pong;
        std::size_t pongs = 0;
        do {
            pong = raw.next();
            ++pongs;
            ASSERT_TRUE(pong.starts_with("pong:"));
        } while (pong != "pong:the newest");
        EXPECT_LT(pongs, 40'000u);
        raw.web.send("after them");
        EXPECT_EQ(raw.next(), "text:after them");
        reader.kill();
    }
}

TENDRIL_TEST(WebSocket, BeginsWithWhatWasReadBefore) {
    const RawWebSocket form(WebSocketRole::server);
    const std::string two = form.frame(0x81, std::string(3000, 'a')) + form.frame(0x81, "half");
    RawWebSocket raw(WebSocketRole::server, {}, {.subprotocol = "chat"}, two.substr(0, two.size() - 2));
    raw.send(two.substr(two.size() - 2));
    EXPECT_EQ(raw.web.recv()->data, std::string(3000, 'a'));
    EXPECT_EQ(raw.web.recv()->data, "half");
    EXPECT_EQ(raw.web.subprotocol(), "chat");
    EXPECT_FALSE(raw.web.compressed());
}

// TL04, Autobahn 12 and 13.
TENDRIL_TEST(WebSocket, CompressesAsAgreed) {
    std::vector<std::string> messages;
    for (const std::size_t size : {0, 1, 63, 64, 1000, 100'000}) {
        std::string text;
        for (std::size_t i = 0; text.size() < size; ++i) {
            text += static_cast<char>('a' + (i * i >> 7) % 20);
        }
        messages.push_back(text);
    }
    for (const int bits : {8, 9, 12, 15}) {
        for (int flags = 0; flags < 4; ++flags) {
            const WebSocketAgreement agreed{.deflate = WebSocketDeflate{.server_no_context_takeover = (flags & 1) != 0,
                                                                        .client_no_context_takeover = (flags & 2) != 0,
                                                                        .server_max_window_bits = bits,
                                                                        .client_max_window_bits = 23 - bits}};
            auto [one, other] = TcpSocket::pair();
            const WebSocketOptions options{.fragment_size = 10'000};
            WebSocket server(std::make_unique<TcpSocket>(std::move(one)), WebSocketRole::server, options, agreed);
            WebSocket client(std::make_unique<TcpSocket>(std::move(other)), WebSocketRole::client, options, agreed);
            auto echoing = spawn([&server = server] {
                while (const auto message = server.recv()) {
                    message->binary ? server.send_binary(message->data) : server.send(message->data);
                }
            });
            for (int round = 0; round < 2; ++round) {
                for (const std::string& message : messages) {
                    auto sending = spawn([&client = client, &message] { client.send(message); });
                    EXPECT_TRUE(client.recv()->data == message) << bits << ' ' << flags << ' ' << message.size();
                    sending.join();
                }
            }
            EXPECT_TRUE(client.close());
            echoing.join();
        }
    }
}

TENDRIL_TEST(WebSocket, CompressesLongMessagesOnlyAndForgetsWhereAgreed) {
    for (const bool forgets : {false, true}) {
        RawWebSocket raw(WebSocketRole::server, {},
                         {.deflate = WebSocketDeflate{.threshold = 10, .server_no_context_takeover = forgets}});
        EXPECT_TRUE(raw.web.compressed());
        raw.web.send("too short");
        EXPECT_EQ(raw.next(), "text:too short");
        const std::string text = "long enough: 0123456789";
        raw.web.send(text);
        const std::string first = raw.next();
        EXPECT_TRUE(first.starts_with("ztext:"));
        raw.web.send(text);
        EXPECT_EQ(raw.next() == first, forgets);
    }
}

TENDRIL_TEST(WebSocket, RefusesWhatMustNotBeSent) {
    RawWebSocket raw(WebSocketRole::server);
    EXPECT_THROW(raw.web.send("\xff"), std::invalid_argument);
    EXPECT_THROW(raw.web.ping(std::string(126, 'x')), std::invalid_argument);
    EXPECT_THROW(raw.web.close(1005), std::invalid_argument);
    EXPECT_THROW(raw.web.close(1000, std::string(124, 'x')), std::invalid_argument);
    EXPECT_THROW(raw.web.close(1000, "\xff"), std::invalid_argument);
    EXPECT_THROW(WebSocket(nullptr, WebSocketRole::server), std::invalid_argument);
    auto [one, other] = TcpSocket::pair();
    EXPECT_THROW(WebSocket(std::make_unique<TcpSocket>(std::move(one)), WebSocketRole::server, {.fragment_size = 0}),
                 std::invalid_argument);
    raw.web.send("all is well");
    EXPECT_EQ(raw.next(), "text:all is well");
    WebSocket closed;
    EXPECT_EQ(errno_of([&] { closed.recv(); }), EBADF);
    EXPECT_EQ(closed.close_code(), 0);
}

}  // namespace
}  // namespace tendril::http
