// SPDX-License-Identifier: MIT

#include "context/hibernation.hpp"

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include <gtest/gtest.h>
#include <sys/mman.h>

#include "base/sys.hpp"
#include "context/os_thread.hpp"

namespace tendril::detail {
namespace {

class Nobody final : public StackOwner {
public:
    std::size_t describe(char*, std::size_t) const noexcept override { return 0; }
};

// A stack with words of every kind on its last `bytes`.
struct Filled {
    static inline const Nobody owner;
    OsThread& os = OsThread::current();
    StackTop& stack = os.stacks.acquire(0, owner);
    std::uint64_t* const begin;
    std::vector<std::uint64_t> words;

    explicit Filled(std::size_t bytes) : begin(reinterpret_cast<std::uint64_t*>(stack.top() - bytes)) {
        std::mt19937_64 random(bytes);  // NOLINT: the same each time
        const auto code = reinterpret_cast<std::uintptr_t>(&sys::page_size);
        for (std::size_t i = 0; i < bytes / sizeof(std::uint64_t); ++i) {
            const std::uint64_t any = random();
            const auto here = reinterpret_cast<std::uintptr_t>(begin);
            const std::uint64_t kinds[] = {
                0,  any >> any % 64, ~(any >> any % 64), here + any % 70'000, here - any % 512, code + any % 100'000,
                any};
            begin[i] = kinds[random() % 7];
            words.push_back(begin[i]);
        }
    }
    Filled(const Filled&) = delete;
    Filled& operator=(const Filled&) = delete;
    ~Filled() { os.stacks.release(stack); }

    bool intact() const { return std::memcmp(begin, words.data(), words.size() * sizeof(std::uint64_t)) == 0; }
    bool resident() const {
        unsigned char in_core = 0;
        auto* const page =
            reinterpret_cast<std::byte*>(reinterpret_cast<std::uintptr_t>(begin) / sys::page_size() * sys::page_size());
        return ::mincore(page, 1, &in_core) == 0 && (in_core & 1) != 0;
    }
    // Below the first word lie 128 bytes that a red zone may hold.
    bool put_away() { return os.hibernation.put_away(stack, reinterpret_cast<std::byte*>(begin) + 128); }
};

// Where it is not possible, the other tests have nothing to test. Valgrind takes what Filled writes below a stack's
// pointer for a fault.
bool possible() {
    if (under_valgrind()) {
        return false;
    }
    Filled filled(512);
    return filled.put_away() && filled.os.hibernation.wake(filled.begin);
}

TEST(Hibernation, PutsBackEveryWordAtItsPlace) {
    if (!possible()) {
        GTEST_SKIP() << "not possible here";
    }
    for (const std::size_t bytes : {192U, 512U, 4096U, 4200U, 12'000U}) {
        Filled filled(bytes);
        for (int i = 0; i < 3; ++i) {
            EXPECT_TRUE(filled.put_away());
            EXPECT_FALSE(filled.resident());
            EXPECT_EQ(filled.os.hibernation.count(), 1u);
            EXPECT_TRUE(filled.os.hibernation.wake(filled.begin + (filled.words.size() - 1) * (i % 2)));
            EXPECT_FALSE(filled.os.hibernation.wake(filled.begin));
            EXPECT_TRUE(filled.intact()) << bytes;
            EXPECT_EQ(filled.os.hibernation.count(), 0u);
        }
    }
}

// The frames below those that are packed have left pages behind, a thrown exception's for example.
TEST(Hibernation, GivesBackWhatLiesBelow) {
    if (!possible()) {
        GTEST_SKIP() << "not possible here";
    }
    Filled filled(512);
    std::byte* const below = reinterpret_cast<std::byte*>(filled.begin) - 3 * sys::page_size();
    *below = std::byte{1};
    EXPECT_TRUE(filled.put_away());
    EXPECT_EQ(*below, std::byte{0});
    EXPECT_EQ(filled.os.hibernation.count(), 1u) << "that was no touch of what is packed";
    EXPECT_TRUE(filled.intact());
}

TEST(Hibernation, ATouchPutsItBack) {
    if (!possible()) {
        GTEST_SKIP() << "not possible here";
    }
    std::vector<std::unique_ptr<Filled>> all;
    for (int i = 0; i < 100; ++i) {
        all.push_back(std::make_unique<Filled>(1000 + i * 40));
        EXPECT_TRUE(all.back()->put_away());
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_EQ(all[i]->os.hibernation.count(), all.size() - i);
        if (i % 2 == 0) {
            EXPECT_TRUE(all[i]->intact());  // reads
        } else {
            all[i]->begin[0] = all[i]->words[0] = i;
            EXPECT_TRUE(all[i]->intact());
        }
    }
}

TEST(Hibernation, IsNotPossibleUnderAnothersHandlerOfFaults) {
    if (!possible()) {
        GTEST_SKIP() << "not possible here";
    }
    Filled filled(512);
    struct sigaction others {};
    struct sigaction before {};
    others.sa_handler = SIG_DFL;
    ASSERT_EQ(::sigaction(SIGSEGV, &others, &before), 0);
    EXPECT_FALSE(filled.put_away());
    ASSERT_EQ(::sigaction(SIGSEGV, &before, nullptr), 0);
    EXPECT_TRUE(filled.put_away());
    EXPECT_TRUE(filled.intact());
}

}  // namespace
}  // namespace tendril::detail
