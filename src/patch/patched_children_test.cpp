// SPDX-License-Identifier: MIT
//
// Children of a patched library, started by all means that C has: each lives as it would have, others run meanwhile,
// and no descriptor is left.

#include <array>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/patch/patch.hpp>

#include "children.hpp"
#include "green_test.hpp"
#include "patch/test_library.hpp"

using namespace std::chrono_literals;

namespace tendril::patch {
namespace {

using tendril::testing::count_descriptors;
using tendril::testing::no_child_left;
using testing::Library;

struct Patched {
    Library code{"starts_children"};
    Patched() { patch::library("libstarts_children"); }
    Patched(const Patched&) = delete;
    Patched& operator=(const Patched&) = delete;
    ~Patched() { unpatch(); }
};

constexpr std::array means{"by_fork", "by_vfork", "by_posix_spawn", "by_system", "by_popen"};

TENDRIL_TEST(PatchedChildren, LiveAsTheyWouldHave) {
    const Patched patched;
    for (const char* each : means) {
        const std::size_t before = count_descriptors();
        auto* const start = patched.code.function<int (*)()>(each);
        int turns = 0;
        auto counter = spawn([&turns] {
            for (;; ++turns) {
                sleep(1ms);
            }
        });
        EXPECT_EQ(start(), 7 << 8) << each;
        counter.kill();
        EXPECT_GT(turns, 2) << each;
        EXPECT_EQ(count_descriptors(), before) << each;
        EXPECT_TRUE(no_child_left()) << each;
    }
}

TENDRIL_TEST(PatchedChildren, ManyAtOnce) {
    const Patched patched;
    const std::size_t before = count_descriptors();
    std::array<Greenlet<int>, 4 * means.size()> all;
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i] = spawn([start = patched.code.function<int (*)()>(means[i % means.size()])] { return start(); });
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_EQ(all[i].get(), 7 << 8) << means[i % means.size()];
    }
    EXPECT_EQ(count_descriptors(), before);
    EXPECT_TRUE(no_child_left());
}

}  // namespace
}  // namespace tendril::patch
