// SPDX-License-Identifier: MIT
//
// on_signal: the green threads in which its function runs end before the Signal does.

#include <tendril/signal.hpp>

#include <csignal>
#include <optional>
#include <stdexcept>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/watchers.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

// As in a server's main: what the function does after stop() is finished before the scope is left.
TENDRIL_TEST(OnSignal, LeavingItsScopeWaitsForItsFunction) {
    bool done = false;
    {
        Event stop;
        const auto quit = on_signal(SIGUSR1, [&] {
            stop.set();
            for (int i = 0; i < 5; ++i) {
                yield();
            }
            done = true;
        });
        std::raise(SIGUSR1);
        stop.wait();
        EXPECT_FALSE(done);
    }
    EXPECT_TRUE(done);
}

TENDRIL_TEST(OnSignal, LeavingItByAnExceptionKillsItsFunction) {
    Event began;
    bool unwound = false;
    try {
        const auto quit = on_signal(SIGUSR1, [&] {
            struct Unwound {
                bool& seen;
                ~Unwound() { seen = true; }
            } const at_end{unwound};
            began.set();
            sleep(1h);
        });
        std::raise(SIGUSR1);
        began.wait();
        throw std::runtime_error("leaves");
    } catch (const std::runtime_error&) {
    }
    EXPECT_TRUE(unwound);
}

TENDRIL_TEST(OnSignal, ItsFunctionMayDestroyIt) {
    std::optional<Signal> quit;
    Event done;
    quit.emplace(on_signal(SIGUSR1, [&] {
        quit.reset();
        done.set();
    }));
    std::raise(SIGUSR1);
    done.wait();
    EXPECT_FALSE(quit.has_value());
}

TENDRIL_TEST(OnSignal, ACallbackThatDestroysItWaitsForNothing) {
    std::optional<Signal> quit;
    Event began;
    Event end;
    Event ended;
    quit.emplace(on_signal(SIGUSR1, [&] {
        began.set();
        end.wait();
        ended.set();
    }));
    std::raise(SIGUSR1);
    began.wait();
    const Timer destroys(0s, [&] { quit.reset(); });
    while (quit.has_value()) {
        sleep(100us);
    }
    end.set();
    ended.wait();
}

}  // namespace
}  // namespace tendril
