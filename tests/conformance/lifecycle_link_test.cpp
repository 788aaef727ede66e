// SPDX-License-Identifier: MIT
//
// Conformance, behaviours.md section 3.B: links.

#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>

#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

// Which of the three links run for one that ends like `g`, when they were added before its end or after it.
std::string links_of(const AnyGreenlet& g, bool late) {
    std::string ran;
    if (late) {
        g.join();
    }
    const Link any = g.link([&](const AnyGreenlet& which) { ran += which == g ? "any " : "another's "; });
    const Link on_value = g.link_value([&](const AnyGreenlet&) { ran += "value "; });
    const Link on_exception = g.link_exception([&](const AnyGreenlet&) { ran += "exception "; });
    EXPECT_EQ(ran, "") << "a callback runs in the hub, never inline";
    g.join();
    yield();
    return ran;
}

TENDRIL_TEST(ConformanceB, TB10_LinksRunOnTheOutcomesThatTheyName) {
    for (const bool late : {false, true}) {
        SCOPED_TRACE(late ? "added after the end" : "added before the end");
        EXPECT_EQ(links_of(spawn([] { return 1; }), late), "any value ");
        EXPECT_EQ(links_of(spawn([] { throw std::runtime_error("no"); }), late), "any exception ");
        const auto victim = spawn([] { sleep(1h); });
        yield();
        victim.kill_nowait();
        EXPECT_EQ(links_of(victim, late), "any exception ");
    }
}

TENDRIL_TEST(ConformanceB, TB11_UnlinkBeforeTheEndPreventsTheCallback) {
    int ran = 0;
    const auto count = [&](const AnyGreenlet&) { ++ran; };
    const auto g = spawn([] {});
    Link by_hand = g.link(count);
    by_hand.unlink();
    { const Link by_scope = g.link_value(count); }
    Link replaced = g.link(count);
    replaced = Link();
    g.link(count).keep();
    g.join();
    yield();
    EXPECT_EQ(ran, 1) << "only the kept one runs";
}

TENDRIL_TEST(ConformanceB, TB14_LinksRunInTheOrderTheyWereAdded) {
    std::vector<int> order;
    std::vector<Link> links;
    std::vector<int> wanted;
    const auto g = spawn([] {});
    for (int i = 0; i < 1000; ++i) {
        links.push_back(g.link([&order, i](const AnyGreenlet&) { order.push_back(i); }));
        wanted.push_back(i);
    }
    g.join();
    yield();
    EXPECT_EQ(order, wanted);
}

TENDRIL_TEST(ConformanceB, TB15_LinksMayAddLinks) {
    std::string order;
    const auto g = spawn([] {});
    const Link outer = g.link([&](const AnyGreenlet& ended) {
        order += "outer ";
        ended.link([&](const AnyGreenlet&) { order += "inner "; }).keep();
        order += "end of outer ";
    });
    const Link second = g.link([&](const AnyGreenlet&) { order += "second "; });
    g.join();
    yield();
    EXPECT_EQ(order, "outer end of outer second inner ");
}

}  // namespace
}  // namespace tendril
