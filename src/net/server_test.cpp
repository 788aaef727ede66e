// SPDX-License-Identifier: MIT

#include <tendril/server.hpp>

#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>

#include "base/report.hpp"
#include "base/sys.hpp"
#include "errno_of.hpp"
#include "faults.hpp"
#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

void echo(TcpSocket& client) {
    char buffer[256];
    while (const std::size_t n = client.recv(buffer)) {
        client.send_all({buffer, n});
    }
}

char ask(TcpSocket& socket, char c) {
    socket.send_all({&c, 1});
    EXPECT_EQ(socket.recv({&c, 1}, 10s), 1u);
    return c;
}

// TJ07: a green thread per connection; StopServe ends serve(), the listener stays open.
TENDRIL_TEST(Serve, StopServeEndsItCleanly) {
    Listener listener = listen("127.0.0.1:0");
    Address seen;
    auto server = spawn([&] {
        serve(listener, [&](TcpSocket& client, const Address& peer) {
            seen = peer;
            char c;
            client.recv({&c, 1});
            throw StopServe();
        });
    });
    TcpSocket client = connect(listener.address());
    client.send_all("x");
    server.get();
    EXPECT_EQ(seen, client.local_address());
    EXPECT_TRUE(listener.is_open());
    char c;
    EXPECT_EQ(client.recv({&c, 1}), 0u) << "the handler's socket is closed when it ends";
}

TENDRIL_TEST(Serve, HoldsItsConcurrency) {
    Listener listener = listen("127.0.0.1:0");
    int at_once = 0;
    int most = 0;
    auto server = spawn([&] {
        serve(listener,
              [&](TcpSocket& client) {
                  most = std::max(most, ++at_once);
                  echo(client);
                  --at_once;
              },
              {.concurrency = 3});
    });
    std::vector<Greenlet<void>> clients;
    for (int i = 0; i < 20; ++i) {
        clients.push_back(spawn([&] {
            TcpSocket s = connect(listener.address());
            EXPECT_EQ(ask(s, 'a'), 'a');
            yield();
            EXPECT_EQ(ask(s, 'b'), 'b');
        }));
    }
    join_all(clients);
    EXPECT_EQ(most, 3);
    server.kill();
}

TENDRIL_TEST(Serve, AHandlersErrorNamesTheCallOfServe) {
    Listener listener = listen("127.0.0.1:0");
    static std::string file;
    Hub::current().set_error_handler(
        [](const ErrorContext& context, const std::exception_ptr&) { file = context.where.file; });
    auto server = spawn([&] { serve(listener, [](TcpSocket&) { throw std::runtime_error("bad"); }); });
    TcpSocket client = connect(listener.address());
    char c = 0;
    EXPECT_EQ(client.recv({&c, 1}), 0u);
    EXPECT_NE(file.find("server_test.cpp"), std::string::npos) << file;
    server.kill();
}

// design.md, decision 8: one bad handler does not end a server.
TENDRIL_TEST(Serve, ReportsAHandlersErrorAndGoesOn) {
    Listener listener = listen("127.0.0.1:0");
    auto server = spawn([&] {
        serve(listener, [](TcpSocket& client) {
            char c;
            client.recv({&c, 1});
            if (c == '!') {
                throw std::runtime_error("a bad handler");
            }
            client.send_all({&c, 1});
        });
    });
    TcpSocket bad = connect(listener.address());
    bad.send_all("!");
    char c;
    EXPECT_EQ(bad.recv({&c, 1}), 0u);
    TcpSocket good = connect(listener.address());
    EXPECT_EQ(ask(good, 'x'), 'x');
    const auto errors = testing::take_unhandled();
    ASSERT_EQ(errors.size(), 1u);
    EXPECT_NE(errors[0].find("a bad handler"), std::string::npos);
    server.kill();
}

TENDRIL_TEST(Serve, ClosingTheListenerEndsItAfterTheHandlersInFlight) {
    Listener listener = listen("127.0.0.1:0");
    auto server = spawn([&] { serve(listener, echo); });
    TcpSocket client = connect(listener.address());
    EXPECT_EQ(ask(client, 'a'), 'a');
    listener.close();
    EXPECT_FALSE(server.join(5ms)) << "a handler is in flight";
    EXPECT_EQ(ask(client, 'b'), 'b');
    client.close();
    server.get();
}

TENDRIL_TEST(Serve, TheDrainDeadlineKillsWhatIsLeft) {
    Listener listener = listen("127.0.0.1:0");
    auto server = spawn([&] { serve(listener, echo, {.drain = 20ms}); });
    TcpSocket client = connect(listener.address());
    EXPECT_EQ(ask(client, 'a'), 'a');
    listener.close();
    server.get();
    char c;
    EXPECT_EQ(client.recv({&c, 1}), 0u);
}

TENDRIL_TEST(Serve, AKillEndsTheHandlersFirst) {
    Listener listener = listen("127.0.0.1:0");
    int unwound = 0;
    auto server = spawn([&] {
        serve(listener, [&](TcpSocket& client) {
            struct Count {
                int& n;
                ~Count() { ++n; }
            } count{unwound};
            echo(client);
        });
    });
    TcpSocket a = connect(listener.address());
    TcpSocket b = connect(listener.address());
    EXPECT_EQ(ask(a, 'a'), 'a');
    EXPECT_EQ(ask(b, 'b'), 'b');
    server.kill();
    EXPECT_EQ(unwound, 2);
}

TENDRIL_TEST(Serve, AnInterruptWhileItDrainsEndsTheHandlersToo) {
    Listener listener = listen("127.0.0.1:0");
    bool unwound = false;
    auto server = spawn([&] {
        serve(listener, [&](TcpSocket& client) {
            struct Note {
                bool& done;
                ~Note() { done = true; }
            } note{unwound};
            echo(client);
        });
    });
    TcpSocket client = connect(listener.address());
    EXPECT_EQ(ask(client, 'a'), 'a');
    listener.close();
    EXPECT_FALSE(server.join(2ms)) << "it drains";
    server.kill();
    EXPECT_TRUE(unwound);
}

TENDRIL_TEST(Serve, ClosingTheListenerIsSeenAtTheConcurrencyLimit) {
    Listener listener = listen("127.0.0.1:0");
    auto server = spawn([&] { serve(listener, echo, {.concurrency = 1, .drain = 5ms}); });
    TcpSocket client = connect(listener.address());
    EXPECT_EQ(ask(client, 'a'), 'a');
    listener.close();
    server.get();
}

TENDRIL_TEST(Serve, StopServeWhileDrainingEndsNoOtherHandler) {
    Listener listener = listen("127.0.0.1:0");
    auto server = spawn([&] {
        serve(listener, [&](TcpSocket& client) {
            char c = 0;
            while (client.recv({&c, 1}) == 1 && c != '.') {
                client.send_all({&c, 1});
            }
            throw StopServe();
        });
    });
    TcpSocket a = connect(listener.address());
    TcpSocket b = connect(listener.address());
    EXPECT_EQ(ask(a, 'a'), 'a');
    EXPECT_EQ(ask(b, 'b'), 'b');
    listener.close();
    a.send_all(".");
    char c = 0;
    EXPECT_EQ(a.recv({&c, 1}), 0u);
    EXPECT_EQ(ask(b, 'c'), 'c');
    b.close();
    server.get();
}

// TJ03: running out of descriptors backs off and recovers; here by the real limit.
TENDRIL_TEST(Serve, RecoversFromRunningOutOfDescriptors) {
    Listener listener = listen("127.0.0.1:0");
    auto server = spawn([&] { serve(listener, echo); });
    TcpSocket first = connect(listener.address());
    EXPECT_EQ(ask(first, 'a'), 'a');

    // UBSan opens a pipe when it first sees an object of a class: it sees the server's error while there are
    // descriptors left for that.
    static int refused;
    refused = 0;
    sys::set_fault_hook([](sys::Call call, int) noexcept -> sys::Fault {
        refused += call == sys::Call::accept ? 1 : 0;
        return call == sys::Call::accept ? EMFILE : 0;
    });
    TcpSocket second = connect(listener.address());  // in the backlog
    while (refused == 0) {
        sleep(1ms);
    }
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    rlimit none = before;
    const int lowest_free = ::dup(0);
    ::close(lowest_free);
    none.rlim_cur = static_cast<rlim_t>(lowest_free);  // not lower: poll(2) takes no more entries than the limit
    ::setrlimit(RLIMIT_NOFILE, &none);
    sys::set_fault_hook(nullptr);
    sleep(30ms);  // the server tries in vain meanwhile
    EXPECT_EQ(ask(first, 'b'), 'b') << "an open connection goes on";
    ::setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_EQ(ask(second, 'c'), 'c');
    TcpSocket third = connect(listener.address());
    EXPECT_EQ(ask(third, 'd'), 'd');
    server.kill();
}

// J9: when descriptors are missing for long, waiting clients are refused and do not hang; here by the real limit.
TENDRIL_TEST(Serve, RefusesWhoWaitsWhenDescriptorsAreMissingForLong) {
    Listener listener = listen("127.0.0.1:0");
    auto server = spawn([&] { serve(listener, echo, {.max_delay = 20ms}); });
    TcpSocket first = connect(listener.address());
    EXPECT_EQ(ask(first, 'a'), 'a');

    std::vector<TcpSocket> waiting;
    // The server must not accept them before the limit falls; and it meets its error, and one is described, before: see
    // above.
    EXPECT_NE(detail::describe(std::make_exception_ptr(std::system_error(EMFILE, std::generic_category()))), "");
    static int refused;
    refused = 0;
    sys::set_fault_hook([](sys::Call call, int) noexcept -> sys::Fault {
        refused += call == sys::Call::accept ? 1 : 0;
        return call == sys::Call::accept ? EMFILE : 0;
    });
    for (int i = 0; i < 3; ++i) {
        waiting.push_back(connect(listener.address()));
    }
    while (refused == 0) {
        sleep(1ms);
    }
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    rlimit none = before;
    const int lowest_free = ::dup(0);
    ::close(lowest_free);
    none.rlim_cur = static_cast<rlim_t>(lowest_free);
    ::setrlimit(RLIMIT_NOFILE, &none);
    sys::set_fault_hook(nullptr);
    for (TcpSocket& each : waiting) {
        char c = 0;
        EXPECT_EQ(testing::errno_of([&] { each.recv({&c, 1}, 20s); }), ECONNRESET);
    }
    EXPECT_EQ(ask(first, 'b'), 'b') << "an open connection goes on";
    ::setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_EQ(testing::take_unhandled().size(), 1u) << "one report for many refusals";
    while (Hub::current().stats().waiting_for_io != 2) {  // the server waits for a client, and the first's handler
        sleep(1ms);
    }
    const testing::Faults faults({{.call = sys::Call::accept, .fault = EMFILE}});
    TcpSocket last = connect(listener.address());
    EXPECT_EQ(ask(last, 'c'), 'c') << "a second shortage begins anew";
    EXPECT_EQ(faults.happened(), 1u);
    server.kill();
}

// TK21 too: an HTTP server accepts in the same loop.
TENDRIL_TEST(Serve, SurvivesWhatAcceptMayAnswer) {
    Listener listener = listen("127.0.0.1:0");
    auto server = spawn([&] { serve(listener, echo); });
    static int failures;
    failures = 0;
    sys::set_fault_hook([](sys::Call call, int) noexcept -> sys::Fault {
        constexpr int errors[] = {ECONNABORTED, EPROTO, EMFILE, ENOMEM, EINTR, ENOBUFS};
        return call == sys::Call::accept && failures < 6 ? errors[failures++] : 0;
    });
    TcpSocket client = connect(listener.address());
    EXPECT_EQ(ask(client, 'x'), 'x');
    sys::set_fault_hook(nullptr);
    EXPECT_EQ(failures, 6);
    server.kill();
}

TENDRIL_TEST(Serve, RefusesOptionsThatCannotBe) {
    EXPECT_THROW(serve(listen("127.0.0.1:0"), echo, {.concurrency = 0}), std::invalid_argument);
    EXPECT_THROW(serve(listen("127.0.0.1:0"), echo, {.stack_size = 1000}), std::invalid_argument);
    EXPECT_THROW(serve(listen("127.0.0.1:0"), echo, {.drain = -1ns}), std::invalid_argument);
}

TENDRIL_TEST(Serve, HoldsAThousandConnectionsWithoutAnError) {
    const bool few_numbers = Hub::current().backend() == std::string_view("select");  // below FD_SETSIZE
    Listener listener = listen("127.0.0.1:0");
    auto server = spawn([&] { serve(listener, echo, {.concurrency = 1000}); });
    std::vector<TcpSocket> sockets(few_numbers ? 400 : 1000);
    std::vector<Greenlet<void>> clients;
    for (TcpSocket& s : sockets) {
        clients.push_back(spawn([&] {
            s = connect(listener.address());
            for (char c = 'a'; c < 'f'; ++c) {
                EXPECT_EQ(ask(s, c), c);
            }
        }));
    }
    join_all(clients, {.raise_error = true});
    for (TcpSocket& s : sockets) {
        EXPECT_EQ(ask(s, 'z'), 'z') << "all are still open";
    }
    sockets.clear();
    server.kill();
}

TENDRIL_TEST(Serve, PausesAsItIsToldTo) {
    using namespace std::chrono;
    Listener listener = listen("127.0.0.1:0");
    auto server = spawn([&] { serve(listener, echo, {.min_delay = 1us, .max_delay = 2us}); });
    const testing::Faults faults({{.call = sys::Call::accept, .times = 50, .fault = ENOMEM}});
    const auto before = steady_clock::now();
    TcpSocket client = connect(listener.address());
    EXPECT_EQ(ask(client, 'a'), 'a');
    EXPECT_EQ(faults.happened(), 50u);
    EXPECT_LT(steady_clock::now() - before, 20s) << "50 pauses of the default would take 40 s";
    server.kill();
}

// max_accept = 1: after each connection the others have their turn, so the first handler runs before the second accept.
TENDRIL_TEST(Serve, AcceptsOnlySoManyInARow) {
    for (const std::size_t most : {1, 3, 64}) {
        Listener listener = listen("127.0.0.1:0");
        std::vector<TcpSocket> clients;
        for (int i = 0; i < 6; ++i) {
            clients.push_back(connect(listener.address()));
        }
        std::size_t accepted_before_the_first = 0;
        std::size_t handled = 0;
        auto server = spawn([&] {
            serve(listener,
                  [&](TcpSocket&, const Address&, Serving&) {
                      if (handled++ == 0) {
                          accepted_before_the_first = testing::count_descriptors();
                      }
                  },
                  {.max_accept = most});
        });
        const std::size_t before = testing::count_descriptors();
        while (handled < 6) {
            yield();
        }
        EXPECT_GE(accepted_before_the_first - before, std::min<std::size_t>(most, 6)) << most;
        EXPECT_LE(accepted_before_the_first - before, std::min<std::size_t>(most, 6) + 1)
            << most << ", and the reserve";
        server.kill();
    }
}

TENDRIL_TEST(Serve, RefusesPausesThatMakeNoSense) {
    Listener listener = listen("127.0.0.1:0");
    EXPECT_THROW(serve(listener, echo, {.max_accept = 0}), std::invalid_argument);
    EXPECT_THROW(serve(listener, echo, {.min_delay = 0s}), std::invalid_argument);
    EXPECT_THROW(serve(listener, echo, {.min_delay = 2s, .max_delay = 1s}), std::invalid_argument);
}

}  // namespace
}  // namespace tendril
