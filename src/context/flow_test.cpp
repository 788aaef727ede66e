// SPDX-License-Identifier: MIT
//
// switch_flow() itself, without contexts and hubs: registers, alignment, and the state that travels with a flow.

#include "context/flow.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cfenv>
#include <functional>
#include <limits>

#include "context/os_thread.hpp"

namespace tendril::detail {
namespace {

// A flow on a stack of its own that runs a function, which switches back by back().
struct Partner : Flow, StackOwner {
    OsThread& os = OsThread::current();
    Flow root;
    std::function<void()> run;
    StackTop& stack = os.stacks.acquire(0, *this);
    StackBounds* root_stack = os.here;

    explicit Partner(std::function<void()> f) : run(std::move(f)) {
        begins_on(stack.bounds);
        root.begins_on(*root_stack);
        prepare(*this, stack.top(), &Partner::enter);
    }
    ~Partner() { os.stacks.release(stack); }

    void go() { switch_flow(os.words, os.here, root, *this); }
    void back() { switch_flow(os.words, os.here, *this, root); }

    static void enter(Registers* registers) {
        auto& self = static_cast<Partner&>(*static_cast<Flow*>(registers));
        flow_arrived(self);
        self.run();
        self.leave();
    }
    [[gnu::noinline]] void leave() {
        if (has_own_environment()) {
            end_own_environment();
        }
        leave_flow(os.words, os.here, *this, root);
    }

    std::size_t describe(char*, std::size_t) const noexcept override { return 0; }
};

// Values that the compiler keeps in registers across the call must be intact afterwards.
[[gnu::noinline]] long mix(Partner& partner, long a, long b, long c, double x, double y) {
    long sum = 0;
    double product = 1;
    for (long i = 0; i < 10; ++i) {
        sum += a * i + b * (i + 1) + c;
        product = product * x + y;
        partner.go();
        sum ^= a + b + c;
        product -= x;
    }
    return sum + static_cast<long>(product);
}

TEST(Flow, RegistersSurvive) {
    Partner* inner = nullptr;
    Partner busy([&] {
        volatile long junk[8] = {};
        for (long i = 0;; ++i) {
            for (volatile long& each : junk) {
                each = each * 31 + i;
            }
            inner->back();
        }
    });
    inner = &busy;
    Partner idle([&] {
        for (;;) {
            inner->back();
        }
    });
    const long with_junk = mix(busy, 3, 5, 7, 1.25, 0.5);
    inner = &idle;
    EXPECT_EQ(with_junk, mix(idle, 3, 5, 7, 1.25, 0.5));
}

TEST(Flow, AStackBeginsAligned) {
    std::uintptr_t address = 1;
    Partner partner([&] {
        alignas(16) volatile char buffer[16] = {};
        address = reinterpret_cast<std::uintptr_t>(&buffer[0]);
        EXPECT_EQ(std::to_string(1.5), "1.500000");  // libc uses aligned vector stores for this
    });
    partner.go();
    EXPECT_EQ(address % 16, 0u);
}

TEST(Flow, ErrnoTravels) {
    Partner* self = nullptr;
    Partner partner([&] {
        EXPECT_EQ(errno, 0);
        errno = 5;
        self->back();
        EXPECT_EQ(errno, 5);
    });
    self = &partner;
    errno = 3;
    partner.go();
    EXPECT_EQ(errno, 3);
    errno = 4;
    partner.go();
    EXPECT_EQ(errno, 4);
}

TEST(Flow, TheExceptionBeingHandledTravels) {
    Partner* self = nullptr;
    Partner partner([&] {
        EXPECT_EQ(std::current_exception(), nullptr);
        try {
            throw 2;
        } catch (int) {
            self->back();
            EXPECT_THROW(throw, int);
        }
    });
    self = &partner;
    try {
        throw 1.5;
    } catch (double) {
        partner.go();
        EXPECT_THROW(throw, double);
        partner.go();
        EXPECT_THROW(throw, double);
    }
    EXPECT_EQ(std::current_exception(), nullptr);
}

#if defined(__x86_64__)

unsigned short x87() {
    unsigned short value = 0;
    asm volatile("fnstcw %0" : "=m"(value));
    return value;
}
void set_x87(unsigned short value) {
    asm volatile("fldcw %0" : : "m"(value));
}

constexpr unsigned flush_and_denormals_are_zero = 0x8040;
constexpr unsigned sticky_flags = 0x3f;
constexpr unsigned short x87_precision = 0x300;

constexpr unsigned rounding = 0x6000;

#ifdef TENDRIL_SWITCH_OURS  // Boost's takes both words along by itself

unsigned mxcsr() {
    unsigned value = 0;
    asm volatile("stmxcsr %0" : "=m"(value));
    return value;
}
void set_mxcsr(unsigned value) {
    asm volatile("ldmxcsr %0" : : "m"(value));
}

// valgrind knows no such bits.
bool denormals_can_be_zero() {
    const unsigned before = mxcsr();
    set_mxcsr(before | flush_and_denormals_are_zero);
    const bool can = (mxcsr() & flush_and_denormals_are_zero) != 0;
    set_mxcsr(before);
    return can;
}

TEST(Flow, DenormalsBelongToAFlowWithAnEnvironmentOfItsOwn) {
    if (!denormals_can_be_zero()) {
        GTEST_SKIP() << "not on this processor";
    }
    const unsigned before = mxcsr() & ~sticky_flags;
    Partner* self = nullptr;
    volatile double least = std::numeric_limits<double>::min();
    Partner partner([&] {
        for (int i = 0; i < 2; ++i) {
            self->begin_own_environment();
            set_mxcsr(mxcsr() | flush_and_denormals_are_zero);
            EXPECT_EQ(least / 2, 0.0);
            self->back();
            EXPECT_EQ(mxcsr() & flush_and_denormals_are_zero, flush_and_denormals_are_zero);
            EXPECT_EQ(least / 2, 0.0);
            if (i == 0) {
                self->end_own_environment();
                EXPECT_EQ(mxcsr() & ~sticky_flags, before);
                EXPECT_NE(least / 2, 0.0);
                self->back();
                EXPECT_EQ(mxcsr() & ~sticky_flags, before);
            }
        }
    });
    self = &partner;
    for (int i = 0; i < 4; ++i) {  // the last time it ends with the environment of its own
        partner.go();
        EXPECT_EQ(mxcsr() & ~sticky_flags, before);
        EXPECT_NE(least / 2, 0.0);
    }
}

TEST(Flow, TwoEnvironmentsOfTheirOwnDoNotMix) {
    const unsigned before = mxcsr() & ~sticky_flags;
    constexpr unsigned up = 0x4000;
    constexpr unsigned down = 0x2000;
    Partner* inner = nullptr;
    Partner second([&] {
        inner->begin_own_environment();
        set_mxcsr((mxcsr() & ~rounding) | down);  // which does not show in the x87 word
        inner->back();
        EXPECT_EQ(mxcsr() & rounding, down);
    });
    inner = &second;
    Partner* outer = nullptr;
    Partner first([&] {
        outer->begin_own_environment();
        set_mxcsr((mxcsr() & ~rounding) | up);
        second.go();
        EXPECT_EQ(mxcsr() & rounding, up);
        outer->back();
        EXPECT_EQ(mxcsr() & rounding, up);
        outer->end_own_environment();
        EXPECT_EQ(mxcsr() & ~sticky_flags, before);
    });
    outer = &first;
    second.root.have_own_environment();  // it is first's
    first.go();
    EXPECT_EQ(mxcsr() & ~sticky_flags, before);
    first.go();
    EXPECT_EQ(mxcsr() & ~sticky_flags, before);
    second.root.unusual = 0;  // now it is this function's
    second.go();
    EXPECT_EQ(mxcsr() & ~sticky_flags, before);
}

// The C library's functions change both words, so the x87 word says what MXCSR has to be.
TEST(Flow, RoundingAndMasksTravelByTheX87WordAlone) {
    const auto agree = [] { return (mxcsr() & rounding) == (x87() & 0xc00U) << 3; };
    Partner* self = nullptr;
    Partner partner([&] {
        std::fesetround(FE_UPWARD);
        self->back();
        EXPECT_TRUE(agree());
        EXPECT_EQ(std::fegetround(), FE_UPWARD);
        std::fesetround(FE_TOWARDZERO);
        self->back();
        EXPECT_TRUE(agree());
        EXPECT_EQ(std::fegetround(), FE_TOWARDZERO);
    });
    self = &partner;
    for (const int direction : {FE_DOWNWARD, FE_TOWARDZERO, FE_TONEAREST}) {
        std::fesetround(direction);
        partner.go();
        EXPECT_TRUE(agree());
        EXPECT_EQ(std::fegetround(), direction);
    }
    EXPECT_EQ(mxcsr() & 0x1f80, (x87() & 0x3fU) << 7);
}

#endif

TEST(Flow, X87PrecisionBelongsToTheFlow) {
    const unsigned short before = x87();
    ASSERT_EQ(before & x87_precision, x87_precision);  // extended, the default
    set_x87(static_cast<unsigned short>(before & ~x87_precision));
    if ((x87() & x87_precision) != 0) {
        GTEST_SKIP() << "valgrind knows one precision only";
    }
    set_x87(before);
    Partner* self = nullptr;
    Partner partner([&] {
        set_x87(static_cast<unsigned short>(x87() & ~x87_precision));  // single
        self->back();
        EXPECT_EQ(x87() & x87_precision, 0);
    });
    self = &partner;
    partner.go();
    EXPECT_EQ(x87(), before);
    partner.go();
    EXPECT_EQ(x87(), before);
}

#elif defined(__aarch64__)

TEST(Flow, FlushToZeroBelongsToTheFlow) {
    constexpr std::uint64_t flush_to_zero = std::uint64_t{1} << 24;
    const auto fpcr = [] {
        std::uint64_t value = 0;
        asm volatile("mrs %0, fpcr" : "=r"(value));
        return value;
    };
    const std::uint64_t before = fpcr();
    Partner* self = nullptr;
    Partner partner([&] {
        asm volatile("msr fpcr, %0" : : "r"(fpcr() | flush_to_zero));
        self->back();
        EXPECT_NE(fpcr() & flush_to_zero, 0u);
    });
    self = &partner;
    partner.go();
    EXPECT_EQ(fpcr(), before);
    partner.go();
    EXPECT_EQ(fpcr(), before);
}

#endif

}  // namespace
}  // namespace tendril::detail
