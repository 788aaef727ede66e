// SPDX-License-Identifier: MIT
//
// Green threads and Asio: the completion token, and the hub inside an io_context.

#if __has_include(<asio.hpp>)

#ifdef __SANITIZE_THREAD__
#define ASIO_DISABLE_FENCED_BLOCK  // of fences TSan knows nothing
#endif
#include <asio.hpp>
#include <asio/experimental/parallel_group.hpp>

#include <array>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <tendril/asio.hpp>
#include <tendril/event.hpp>
#include <tendril/timeout.hpp>

#include "green_test.hpp"

using asio::ip::tcp;
using namespace std::chrono_literals;

namespace tendril {
namespace {

bool has_descriptor() {
    const std::string_view backend = Hub::current().backend();
    return backend == "epoll" || backend == "io_uring";
}

// An io_context that another OS thread runs.
class Elsewhere {
public:
    ~Elsewhere() {
        work_.reset();
        io.stop();
        thread_.join();
    }
    asio::io_context io;

private:
    asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(io);
    std::thread thread_{[this] { io.run(); }};
};

// Two connected sockets.
struct Connection {
    explicit Connection(asio::io_context& io) : near(io), far(io) {
        tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
        near.connect(acceptor.local_endpoint());
        acceptor.accept(far);
    }
    tcp::socket near;
    tcp::socket far;
};

void echo_hello(asio::io_context& io) {
    Connection connection(io);
    const auto server = spawn([&] {
        std::array<char, 5> data{};
        asio::async_read(connection.far, asio::buffer(data), use_green);
        asio::async_write(connection.far, asio::buffer(data), use_green);
    });
    EXPECT_EQ(asio::async_write(connection.near, asio::buffer("hello", 5), use_green), 5u);
    std::array<char, 5> answer{};
    EXPECT_EQ(asio::async_read(connection.near, asio::buffer(answer), use_green), 5u);
    EXPECT_EQ(std::string_view(answer.data(), 5), "hello");
    server.join();
}

TENDRIL_TEST(AsioThreads, OperationsOfAnotherOsThreadsIoContext) {
    Elsewhere elsewhere;
    for (int i = 0; i < 20; ++i) {
        echo_hello(elsewhere.io);
    }
}

TENDRIL_TEST(AsioThreads, ErrorsAreThrownOrStored) {
    Elsewhere elsewhere;
    std::array<char, 1> data{};
    Connection one(elsewhere.io);
    one.far.close();
    asio::error_code code;
    EXPECT_EQ(one.near.async_read_some(asio::buffer(data), use_green[code]), 0u);
    EXPECT_EQ(code, asio::error::eof);
    Connection other(elsewhere.io);  // Asio may never end a second read of the same one: it has seen its edge
    other.far.close();
    EXPECT_THROW(other.near.async_read_some(asio::buffer(data), use_green), asio::system_error);
}

TENDRIL_TEST(AsioThreads, ATimeoutOrAKillCancelsTheOperation) {
    Elsewhere elsewhere;
    Connection connection(elsewhere.io);
    std::array<char, 1> data{};
    EXPECT_FALSE(with_timeout(2ms, [&] { connection.near.async_read_some(asio::buffer(data), use_green); }));
    const auto victim = spawn([&] { connection.near.async_read_some(asio::buffer(data), use_green); });
    yield();
    victim.kill();
    EXPECT_TRUE(victim.killed());
    asio::async_write(connection.far, asio::buffer("x", 1), use_green);
    EXPECT_EQ(connection.near.async_read_some(asio::buffer(data), use_green), 1u) << "nothing was lost";
}

TENDRIL_TEST(AsioThreads, TimersAndPosts) {
    Elsewhere elsewhere;
    asio::steady_timer timer(elsewhere.io, 2ms);
    timer.async_wait(use_green);
    asio::post(elsewhere.io, use_green);
    const std::thread::id here = std::this_thread::get_id();
    EXPECT_EQ(std::this_thread::get_id(), here) << "a green thread never leaves its OS thread";
}

TENDRIL_TEST(Asio, AnIoContextThatIsDestroyedAbortsItsOperations) {
    auto io = std::make_unique<asio::io_context>();
    auto timer = std::make_unique<asio::steady_timer>(*io, 1h);
    std::string error;
    const auto waiter = spawn([&] {
        try {
            timer->async_wait(use_green);
        } catch (const asio::system_error& e) {
            error = e.what();
        }
    });
    yield();
    timer.reset();
    io.reset();
    waiter.join();
    EXPECT_FALSE(error.empty());
}

// Each in an OS thread of its own, whose main green thread runs Asio's loop.
void in_an_os_thread(void (*body)()) {
    if (has_descriptor()) {
        std::thread(body).join();
    } else {
        std::thread([] {
            asio::io_context io;
            EXPECT_THROW(asio_run(io, [] {}), std::system_error);
        }).join();
    }
}

TENDRIL_TEST(AsioRun, BothLoopsInOneOsThread) {
    in_an_os_thread([] {
        asio::io_context io;
        const int result = asio_run(io, [&] {
            int ticks = 0;
            const auto clock = spawn([&] {
                for (;;) {
                    sleep(1ms);
                    ++ticks;
                }
            });
            for (int i = 0; i < 20; ++i) {
                echo_hello(io);
            }
            while (ticks < 3) {
                asio::steady_timer(io, 1ms).async_wait(use_green);
            }
            clock.kill();
            return 7;
        });
        EXPECT_EQ(result, 7);
    });
}

TENDRIL_TEST(AsioRun, ThrowsWhatTheFunctionThrowsAndMayBeCalledAgain) {
    in_an_os_thread([] {
        asio::io_context io;
        EXPECT_THROW(asio_run(io, [] { throw std::runtime_error("on purpose"); }), std::runtime_error);
        EXPECT_EQ(asio_run(io,
                           [&] {
                               asio::steady_timer(io, 1ms).async_wait(use_green);
                               return 1;
                           }),
                  1);
    });
}

TENDRIL_TEST(AsioRun, StoppingTheIoContextKillsTheFunction) {
    in_an_os_thread([] {
        asio::io_context io;
        bool unwound = false;
        EXPECT_THROW(asio_run(io,
                              [&] {
                                  struct Unwound {
                                      bool& flag;
                                      ~Unwound() { flag = true; }
                                  } const guard{unwound};
                                  asio::post(io, [&] { io.stop(); });
                                  sleep(1h);
                              }),
                     GreenletKilled);
        EXPECT_TRUE(unwound);
    });
}

TENDRIL_TEST(AsioRun, StoppingItEndsAnOperationToo) {
    in_an_os_thread([] {
        asio::io_context io;
        EXPECT_THROW(asio_run(io,
                              [&] {
                                  asio::post(io, [&] { io.stop(); });
                                  asio::steady_timer(io, 1h).async_wait(use_green);
                              }),
                     GreenletKilled);
        EXPECT_TRUE(io.stopped());
        EXPECT_EQ(asio_run(io, [] { return 1; }), 1) << "it is restarted";
    });
}

TENDRIL_TEST(AsioRun, AKillCancelsHereToo) {
    in_an_os_thread([] {
        asio::io_context io;
        asio_run(io, [&] {
            asio::steady_timer timer(io, 1h);
            const auto victim = spawn([&] { timer.async_wait(use_green); });
            yield();
            victim.kill();
            EXPECT_TRUE(victim.killed());
        });
    });
}

// An operation of the user's own: it ends at once, or when it is cancelled. What cancels it owns something, and is as
// large as `Weight`.
template <class Weight>
struct OwnOperation {
    using executor_type = asio::io_context::executor_type;

    asio::io_context& io;
    bool ends;
    std::shared_ptr<int> owned;

    executor_type get_executor() const noexcept { return io.get_executor(); }

    template <class Handler>
    void operator()(Handler handler) {
        auto slot = asio::get_associated_cancellation_slot(handler);
        const auto last = std::make_shared<Handler>(std::move(handler));
        if (ends) {
            asio::post(io, [last] { std::move (*last)(asio::error_code()); });
        }
        slot.assign([&to = io, mine = std::move(owned), cancelled = ends ? nullptr : last,
                     weight = Weight()](asio::cancellation_type) {
            static_cast<void>(weight);
            if (cancelled != nullptr) {
                asio::post(to,
                           [cancelled] { std::move (*cancelled)(asio::error_code(asio::error::operation_aborted)); });
            }
        });
    }
};

template <class Weight>
void run_own_operation(asio::io_context& io, bool ends, const std::shared_ptr<int>& owned) {
    UseGreen token = use_green;
    asio::async_initiate<UseGreen, void(asio::error_code)>(OwnOperation<Weight>{io, ends, owned}, token);
}

template <class Weight>
void check_own_operations() {
    asio::io_context io;
    asio_run(io, [&] {
        const auto owned = std::make_shared<int>(0);
        run_own_operation<Weight>(io, true, owned);
        EXPECT_EQ(owned.use_count(), 1) << "it goes with the operation";
        const auto victim = spawn([&] { run_own_operation<Weight>(io, false, owned); });
        yield();
        EXPECT_EQ(owned.use_count(), 2);
        victim.kill();
        EXPECT_TRUE(victim.killed());
        EXPECT_EQ(owned.use_count(), 1);
    });
}

struct alignas(64) OverAligned {
    char byte = 0;
};

TENDRIL_TEST(AsioRun, CancelsOperationsOfAnySort) {
    in_an_os_thread([] {
        check_own_operations<char>();
        check_own_operations<OverAligned>();
        check_own_operations<std::array<char, 500>>();
    });
}

// What they share lives until the last handler has returned, after the green thread has gone on.
TENDRIL_TEST(AsioRun, GroupsOfOperations) {
    in_an_os_thread([] {
        asio::io_context io;
        asio_run(io, [&] {
            for (int i = 0; i < 3; ++i) {
                asio::steady_timer soon(io, 1ms);
                asio::steady_timer late(io, 1h);
                const auto [order, first, second] = asio::experimental::make_parallel_group(
                                                        [&](auto token) { return soon.async_wait(std::move(token)); },
                                                        [&](auto token) { return late.async_wait(std::move(token)); })
                                                        .async_wait(asio::experimental::wait_for_one(), use_green);
                EXPECT_EQ(order[0], 0u);
                EXPECT_FALSE(first);
                EXPECT_EQ(second, asio::error::operation_aborted);
            }
        });
    });
}

TENDRIL_TEST(AsioRun, CallbacksMaySetEvents) {
    in_an_os_thread([] {
        asio::io_context io;
        asio_run(io, [&] {
            Event event;
            asio::post(io, [&] { event.set(); });
            event.wait();
        });
    });
}

}  // namespace
}  // namespace tendril

#endif
