// SPDX-License-Identifier: MIT
//
// How a WebSocket ends.

#include <tendril/http/websocket.hpp>

#include <cerrno>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <tendril/greenlet.hpp>

#include "errno_of.hpp"
#include "green_test.hpp"
#include "raw_websocket.hpp"
#include "until.hpp"

using namespace std::chrono_literals;

namespace tendril::http {
namespace {

using testing::both_roles;
using testing::endless;
using testing::errno_of;
using testing::RawWebSocket;

int code_of(WebSocket& web, Deadline deadline = never) {
    try {
        web.recv(deadline);
    } catch (const WebSocketError& e) {
        return e.close_code();
    }
    return 0;
}

// TL02
TENDRIL_TEST(WebSocketEnd, APeerThatIsGoneIsAnAbnormalEnd) {
    for (const WebSocketRole role : both_roles) {
        RawWebSocket raw(role);
        raw.send(raw.frame(0x81, "cut off").substr(0, 5));
        raw.socket.close();
        EXPECT_EQ(code_of(raw.web), close_code::abnormal);
        EXPECT_EQ(code_of(raw.web), close_code::abnormal) << "from then on always";
        EXPECT_EQ(raw.web.close_code(), close_code::abnormal);
        EXPECT_FALSE(raw.web.is_open());
        EXPECT_EQ(errno_of([&] { raw.web.send("x"); }), EPIPE);
        EXPECT_FALSE(raw.web.close());
    }
}

TENDRIL_TEST(WebSocketEnd, CloseTellsThePeerAndWaitsForIt) {
    for (const WebSocketRole role : both_roles) {
        RawWebSocket raw(role);
        raw.send(raw.frame(0x81, "lost") + raw.frame(0x89, "too late") + raw.close_frame(3000));
        raw.socket.shutdown(Shutdown::write);
        EXPECT_TRUE(raw.web.close(1001, "going"));
        EXPECT_EQ(raw.web.close_code(), 3000);
        EXPECT_EQ(raw.all(), (std::vector<std::string>{"close:1001 going", "end"}));
        EXPECT_TRUE(raw.web.close()) << "idempotent";
        EXPECT_FALSE(raw.web.recv().has_value());
        EXPECT_EQ(errno_of([&] { raw.web.send("x"); }), EPIPE);
        EXPECT_EQ(errno_of([&] { raw.web.ping(); }), EPIPE);
    }
}

TENDRIL_TEST(WebSocketEnd, CloseEndsWithoutAnAnswerToo) {
    for (const WebSocketRole role : both_roles) {
        RawWebSocket silent(role, {.close_timeout = 5ms});
        EXPECT_FALSE(silent.web.close());
        EXPECT_EQ(silent.web.close_code(), close_code::abnormal);
        EXPECT_FALSE(silent.web.is_open());
        EXPECT_FALSE(silent.web.recv().has_value());
        RawWebSocket deaf(role, {.close_timeout = 5ms});
        auto sender = spawn([&] { return errno_of([&] { deaf.web.send(endless()); }); });
        testing::until_waiting_for_io(1);
        EXPECT_FALSE(deaf.web.close());
        EXPECT_EQ(sender.get(), EBADF);
        RawWebSocket gone(role);
        gone.socket.close();
        EXPECT_FALSE(gone.web.close());
        RawWebSocket killed(role);
        auto closing = spawn([&] { killed.web.close(); });
        testing::until_waiting_for_io(1);
        closing.kill();
        EXPECT_FALSE(killed.web.is_open());
    }
}

TENDRIL_TEST(WebSocketEnd, CloseLeavesTheReadingToWhoIsAtIt) {
    RawWebSocket raw(WebSocketRole::server);
    auto reader = spawn([&] {
        std::string all;
        while (const auto message = raw.web.recv()) {
            all += message->data;
        }
        return all;
    });
    testing::until_waiting_for_io(1);
    auto closing = spawn([&] { return raw.web.close(); });
    EXPECT_EQ(raw.next(), "close:1000");
    raw.send(raw.frame(0x81, "still ") + raw.frame(0x81, "here") + raw.close_frame(1000));
    EXPECT_TRUE(closing.get());
    EXPECT_EQ(reader.get(), "still here");
    EXPECT_EQ(raw.web.close_code(), 1000);
}

TENDRIL_TEST(WebSocketEnd, CloseReadsItselfWhenTheReaderHasLeft) {
    RawWebSocket raw(WebSocketRole::server);
    auto reader = spawn([&] { raw.web.recv(); });
    testing::until_waiting_for_io(1);
    auto closing = spawn([&] { return raw.web.close(); });
    EXPECT_EQ(raw.next(), "close:1000");
    reader.kill();
    auto late = spawn([&] { return raw.web.recv(); });
    testing::until_waiting_for_io(1);
    raw.send(raw.close_frame(1000));
    EXPECT_TRUE(closing.get());
    EXPECT_FALSE(late.get().has_value());
}

TENDRIL_TEST(WebSocketEnd, ThePeersCloseEndsSendersToo) {
    RawWebSocket raw(WebSocketRole::server, {.fragment_size = 1000, .close_timeout = 5ms});
    auto sender = spawn([&] { return errno_of([&] { raw.web.send(endless()); }); });
    testing::until_waiting_for_io(1);
    raw.send(raw.close_frame(4000));
    EXPECT_FALSE(raw.web.recv().has_value());
    EXPECT_EQ(raw.web.close_code(), 4000);
    EXPECT_EQ(raw.web.close_reason(), "");
    sender.join();
    EXPECT_NE(sender.get(), 0);
}

TENDRIL_TEST(WebSocketEnd, AKillWhileItTellsThePeerWhyClosesIt) {
    RawWebSocket raw(WebSocketRole::server);
    auto killed = spawn([&] { raw.web.recv(); });
    raw.send(raw.frame(0x83, ""));
    EXPECT_EQ(raw.next(), "close:1002");
    EXPECT_EQ(raw.next(), "end");
    testing::until_waiting_for_io(1);  // it waits for our end of the stream
    killed.kill();
    EXPECT_FALSE(raw.web.is_open());
    EXPECT_EQ(code_of(raw.web), 1002);
}

TENDRIL_TEST(WebSocketEnd, ASilentPeerIsPingedAndGivenUp) {
    RawWebSocket raw(WebSocketRole::client, {.ping_interval = 2ms, .ping_timeout = 2ms});
    auto reader = spawn([&] { return code_of(raw.web); });
    EXPECT_EQ(raw.next(), "ping:");
    EXPECT_EQ(reader.get(), close_code::abnormal);
    RawWebSocket lively(WebSocketRole::server, {.ping_interval = 2ms, .ping_timeout = 20s});
    reader = spawn([&] { return static_cast<int>(lively.web.recv()->data.size()); });
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(lively.next(), "ping:");
        lively.send(lively.frame(0x8a, ""));
    }
    lively.send(lively.frame(0x81, "four"));
    EXPECT_EQ(reader.get(), 4);
    EXPECT_THROW(lively.web.recv(1ms), TimeoutError) << "the call's own deadline";
}

TENDRIL_TEST(WebSocketEnd, APeerThatReadsNothingIsGivenUp) {
    for (const WebSocketRole role : both_roles) {
        RawWebSocket raw(role, {.write_timeout = 5ms});
        auto reader = spawn([&] { return code_of(raw.web); });
        EXPECT_THROW(raw.web.send(endless()), WebSocketError);
        EXPECT_EQ(reader.get(), close_code::abnormal) << "who receives is told too";
        EXPECT_FALSE(raw.web.is_open());
        EXPECT_EQ(errno_of([&] { raw.web.send("x"); }), EPIPE);
    }
    RawWebSocket patient(WebSocketRole::server, {.write_timeout = 20s});
    EXPECT_THROW(patient.web.send(endless(), 5ms), TimeoutError) << "the call's own deadline";
}

TENDRIL_TEST(WebSocketEnd, NoPeerHoldsItForEverByDefault) {
    const WebSocketOptions options;
    EXPECT_EQ(options.ping_interval, 30s);
    EXPECT_EQ(options.ping_timeout, 30s);
    EXPECT_EQ(options.write_timeout, 30s);
    EXPECT_THROW(RawWebSocket(WebSocketRole::server, {.write_timeout = -1ns}), std::invalid_argument);
}

TENDRIL_TEST(WebSocketEnd, MayBeMovedOrDestroyedWhileOthersWait) {
    RawWebSocket raw(WebSocketRole::server);
    auto reader = spawn([&] { return raw.web.recv()->data; });
    auto second = spawn([&] { return errno_of([&] { raw.web.send(endless()); }); });
    testing::until_waiting_for_io(2);
    WebSocket moved = std::move(raw.web);
    EXPECT_EQ(errno_of([&] { raw.web.send("x"); }), EBADF);  // NOLINT(bugprone-use-after-move): it is closed
    EXPECT_FALSE(raw.web.is_open());
    raw.send(raw.frame(0x81, "to the old place"));
    EXPECT_EQ(reader.get(), "to the old place");
    auto third = spawn([&] { return errno_of([&] { moved.recv(); }); });
    testing::until_waiting_for_io(2);
    moved = WebSocket();
    EXPECT_EQ(second.get(), EBADF);
    EXPECT_EQ(third.get(), EBADF);
}

}  // namespace
}  // namespace tendril::http
