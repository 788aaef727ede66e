// SPDX-License-Identifier: MIT
//
// Where kills and Timeouts are not thrown: in a Shield, and while a green thread unwinds.

#include <tendril/shield.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <tendril/greenlet.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

TENDRIL_TEST(Shield, KillComesAtTheNextYieldAfterIt) {
    std::string order;
    const auto g = spawn([&] {
        {
            const Shield outer;
            {
                const Shield inner;
                sleep(0s);
                order += "inner ";
            }
            yield();
            order += "outer ";
        }
        order += "after ";
        yield();
        order += "lost ";
    });
    yield();
    EXPECT_TRUE(g.kill());
    EXPECT_TRUE(g.killed());
    EXPECT_EQ(order, "inner outer after ");
}

TENDRIL_TEST(Shield, KillingOneselfInItIsPutOff) {
    std::string order;
    const auto g = spawn([&] {
        {
            const Shield shield;
            EXPECT_FALSE(current().kill());
            yield();
            order += "shielded ";
        }
        yield();
        order += "lost ";
    });
    g.join();
    EXPECT_TRUE(g.killed());
    EXPECT_EQ(order, "shielded ");
}

TENDRIL_TEST(Shield, KillingOneselfOutsideIsThrownAtOnce) {
    const auto g = spawn([] {
        EXPECT_THROW(current().kill_nowait(std::make_exception_ptr(std::out_of_range("own"))), std::out_of_range);
        const auto other = spawn([] { sleep(1h); });
        yield();
        try {
            kill_all(std::vector<AnyGreenlet>{current(), other});
            ADD_FAILURE() << "it lived on";
        } catch (const GreenletExit&) {
            EXPECT_TRUE(other.killed()) << "the others first";
            throw;
        }
    });
    g.join();
    EXPECT_TRUE(g.killed());
}

// Waits in its destructor, like a lock that must be given back over the network.
struct WaitsInItsEnd {
    std::string& log;
    ~WaitsInItsEnd() {
        sleep(1ms);
        yield();
        log += "destroyed ";
    }
};

TENDRIL_TEST(Shield, UnwindingIsOne) {
    std::string log;
    const auto g = spawn([&] {
        try {
            const WaitsInItsEnd end{log};
            sleep(1h);
        } catch (const GreenletExit&) {
            log += "first ";
        }
        try {
            yield();
        } catch (const std::out_of_range&) {
            log += "second ";
        }
    });
    yield();
    g.kill_nowait();
    yield();
    EXPECT_EQ(log, "") << "it unwinds, and waits in a destructor";
    g.kill(std::make_exception_ptr(std::out_of_range("while it unwinds")));
    EXPECT_EQ(log, "destroyed first second ");
    EXPECT_TRUE(g.successful());
}

TENDRIL_TEST(Shield, UnwindingByAnOrdinaryErrorIsOneToo) {
    std::string log;
    const auto g = spawn([&] {
        {
            const Shield shield;
            current().kill_nowait();
        }
        const WaitsInItsEnd end{log};
        throw std::runtime_error("ordinary");
    });
    EXPECT_THROW(g.get(), std::runtime_error);
    EXPECT_EQ(log, "destroyed ");
}

TENDRIL_TEST(Shield, TheEndOfOneKilledBeforeItBeganIsOneToo) {
    std::string log;
    auto argument = std::unique_ptr<WaitsInItsEnd>(new WaitsInItsEnd{log});
    const auto g = spawn([](const std::unique_ptr<WaitsInItsEnd>&) {}, std::move(argument));
    EXPECT_TRUE(g.kill());
    EXPECT_EQ(log, "destroyed ");
    EXPECT_TRUE(g.killed());
}

TENDRIL_TEST(Shield, AHandlerIsNone) {
    const auto g = spawn([] {
        try {
            throw std::runtime_error("caught");
        } catch (const std::runtime_error&) {
            EXPECT_THROW(sleep(1h), GreenletExit) << "a catch block does not unwind any more";
        }
    });
    yield();
    g.kill();
    EXPECT_TRUE(g.successful());
}

}  // namespace
}  // namespace tendril
