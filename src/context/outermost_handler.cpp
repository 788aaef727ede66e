// SPDX-License-Identifier: MIT
//
// The entry uses the formats that every compiler writes: a CIE and an FDE (DWARF 5, 6.4.1, as .eh_frame has them: LSB
// 5.0, 10.6) for the one byte before the return address, and the table that __gxx_personality_v0 reads (the LSDA of the
// Itanium C++ ABI), with one catch clause.

#include "context/outermost_handler.hpp"

#include <unwind.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include <tendril/detail/context/all_registers.hpp>

#include "context/backtrace.hpp"

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the compiler's own
extern "C" {
unsigned __gxx_personality_v0(int, int, unsigned long long, void*, void*);  // as GCC declares it to itself
void __register_frame(void* section);
void __deregister_frame(void* section);
[[gnu::visibility("hidden")]] void tendril_land_outermost();
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

namespace tendril::detail {

namespace {

void (*on_landing)() = nullptr;

#if defined(__x86_64__)
#define TENDRIL_KNOWS_FRAMES 1
constexpr std::uint8_t stack_pointer = 7;  // DWARF's numbers of registers
constexpr std::uint8_t return_address = 16;
#elif defined(__aarch64__)
#define TENDRIL_KNOWS_FRAMES 1
constexpr std::uint8_t stack_pointer = 31;
constexpr std::uint8_t return_address = 30;
#endif

#ifdef TENDRIL_KNOWS_FRAMES

// A table of bytes that grows at its end; nothing in it is aligned.
template <std::size_t N>
class Table {
public:
    void bytes(std::initializer_list<std::uint8_t> all) noexcept {
        for (const std::uint8_t b : all) {
            bytes_[size_++] = b;
        }
    }
    template <class T>
    void word(T value) noexcept {
        static_assert(sizeof value == 4 || sizeof value == 8);
        std::memcpy(&bytes_[size_], &value, sizeof value);
        size_ += sizeof value;
    }
    // Appends a CIE or FDE: its length, its contents, and no-operations up to a multiple of 8.
    template <class Contents>
    void entry(Contents contents) noexcept {
        const std::size_t begin = size_;
        word(std::uint32_t{0});
        contents();
        while ((size_ - begin) % 8 != 4) {
            bytes({0});
        }
        const auto length = static_cast<std::uint32_t>(size_ - begin - 4);
        std::memcpy(&bytes_[begin], &length, sizeof length);
    }
    std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(size_); }
    void* data() noexcept { return bytes_.data(); }

private:
    alignas(8) std::array<std::uint8_t, N> bytes_{};
    std::size_t size_ = 0;
};

Table<64> clauses;
Table<128> section;

// Writes one call site, the byte before the return address; one action, "if it is the first type"; one type.
void write_clauses(const std::type_info& type) noexcept {
    constexpr std::uint8_t absolute = 0x00;
    constexpr std::uint8_t uleb128 = 0x01;
    clauses.bytes({absolute});
    clauses.word(reinterpret_cast<std::uintptr_t>(&tendril_land_outermost) - 1);  // landing pads are counted from here
    clauses.bytes({absolute, 8 + 8});                                             // the types end 16 bytes on
    clauses.bytes({uleb128, 4});                                                  // call sites: 4 bytes
    clauses.bytes({0, 1, 1, 1});  // from 0, 1 long: landing pad 1, the first action
    clauses.bytes({1, 0});        // actions: type 1, then none
    clauses.word(reinterpret_cast<std::uintptr_t>(&type));
}

void write_section(const void* returns_to) noexcept {
    constexpr std::uint8_t absolute = 0x00;
    constexpr std::uint8_t def_cfa = 0x0c;
    constexpr std::uint8_t undefined = 0x07;
    section.entry([] {
        section.word(std::uint32_t{0});  // a CIE
        section.bytes({1, 'z', 'P', 'L', 'R', 0, 1, 0x78, return_address, 11});
        section.bytes({absolute});
        section.word(reinterpret_cast<std::uintptr_t>(&__gxx_personality_v0));
        section.bytes({absolute, absolute});
        section.bytes({def_cfa, stack_pointer, 0});
        section.bytes({undefined, return_address});  // the stack ends here
    });
    section.entry([&] {
        section.word(section.size());  // the distance to the CIE, which is first
        section.word(reinterpret_cast<std::uintptr_t>(returns_to) - 1);
        section.word(std::uint64_t{1});
        section.bytes({8});
        section.word(reinterpret_cast<std::uintptr_t>(clauses.data()));
    });
    section.word(std::uint32_t{0});  // the end
}

#endif

}  // namespace

bool have_outermost_handler([[maybe_unused]] const Flow* own_stack, [[maybe_unused]] const std::type_info& type,
                            [[maybe_unused]] void (*handler)()) noexcept {
#ifdef TENDRIL_KNOWS_FRAMES
    if (on_landing == nullptr) {
        const void* outermost = outermost_address(own_stack);
        if (outermost == nullptr) {
            return false;
        }
        static bool found = true;
        if (!found) {
            return false;
        }
        write_clauses(type);
        write_section(outermost);
        __register_frame(section.data());
        // In a program that registered all of itself (linked by GCC with -static) the runtime finds the program's own
        // entry before ours.
        auto* const before = static_cast<std::byte*>(const_cast<void*>(outermost)) - 1;
        found = _Unwind_FindEnclosingFunction(const_cast<void*>(outermost)) == before;
        if (!found) {
            __deregister_frame(section.data());
            return false;
        }
        on_landing = handler;
    }
    return true;
#else
    return false;
#endif
}

// The runtime continues here once the stack is unwound, and passes the exception.
extern "C" [[noreturn, gnu::used, gnu::visibility("hidden")]] void tendril_landed(void* exception) {
    __cxxabiv1::__cxa_begin_catch(exception);
    on_landing();
    std::abort();
}

#if defined(__x86_64__)
// Entered by a jump: the exception is in %rax, and the stack is as the outermost frame left it.
extern "C" [[gnu::naked, gnu::used]] TENDRIL_OPAQUE void tendril_land_outermost() {
    asm("movq %rax, %rdi\n\t"
        "andq $-16, %rsp\n\t"
        "call tendril_landed");
}
#elif defined(__aarch64__)
// Entered by a jump: the exception is in x0, like an argument.
asm(R"(
    .text
    .p2align 2
    .hidden tendril_land_outermost
    .globl tendril_land_outermost
    .type tendril_land_outermost, %function
tendril_land_outermost:
    hint #36
    bl tendril_landed
    .size tendril_land_outermost, .-tendril_land_outermost
)");
#endif

}  // namespace tendril::detail
