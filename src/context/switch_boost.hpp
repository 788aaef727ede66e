// SPDX-License-Identifier: MIT
//
// The switch by Boost.Context, for all other architectures (and anywhere with -DTENDRIL_CONTEXT=boost).
//
// Boost's assembly saves the callee-saved registers on the stack it leaves. On x86-64 it also saves the floating-point
// control words; FpControl does the same for all through <cfenv>.

#pragma once

#include <boost/context/detail/fcontext.hpp>
#include <cfenv>

namespace tendril::detail {

struct Registers {
    boost::context::detail::fcontext_t context = nullptr;
    void (*entry)(Registers*) = nullptr;
};

// Runs on arrival: notes where the flow that it came from stopped.
inline Registers* arrived(boost::context::detail::transfer_t transfer) noexcept {
    auto** ends = static_cast<Registers**>(transfer.data);
    ends[0]->context = transfer.fctx;
    return ends[1];
}

inline void boost_entry(boost::context::detail::transfer_t transfer) noexcept {
    Registers* self = arrived(transfer);
    self->entry(self);
}

inline void prepare(Registers& to, void* top, void (*entry)(Registers*)) noexcept {
    constexpr std::size_t unused_by_boost = 0;
    to.entry = entry;
    to.context = boost::context::detail::make_fcontext(top, unused_by_boost, &boost_entry);
}

// Boost's assembly has no unwind table, so a walk ends there by itself.
inline bool inside_jump(const void*) noexcept {
    return false;
}

inline const void* stopped_at(const Registers& of) noexcept {
    return of.context;  // the stack pointer
}

inline void jump(Registers& from, Registers& to) noexcept {
    Registers* ends[2] = {&from, &to};
    arrived(boost::context::detail::jump_fcontext(to.context, ends));
}

struct FpControl {
    int rounding = FE_TONEAREST;

    void save() noexcept { rounding = std::fegetround(); }
    void load() const noexcept { std::fesetround(rounding); }
    void load_alone() const noexcept { load(); }
    bool same_as(const FpControl& other) const noexcept { return rounding == other.rounding; }
};

// What FpControl leaves out, Boost's assembly takes along where it does so at all.
struct FpEnvironment {
    void save() noexcept {}
    void load() const noexcept {}
};

}  // namespace tendril::detail
