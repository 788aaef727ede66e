// SPDX-License-Identifier: MIT

#include "hub/terminate.hpp"

#include <array>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <string>

#include <tendril/error.hpp>

#include "base/report.hpp"
#include "base/symbol.hpp"
#include "context/backtrace.hpp"
#include "hub/hub_core.hpp"
#include "hub/keyboard_interrupt.hpp"

namespace tendril::detail {

namespace {

std::atomic<std::terminate_handler> before{nullptr};
std::atomic<bool> installed{false};

enum class Cause { nothing, interrupt, keyboard, other };

Cause cause_of(const std::exception_ptr& error) noexcept {
    if (error == nullptr) {
        return Cause::nothing;
    }
    try {
        std::rethrow_exception(error);
    } catch (const KeyboardInterrupt&) {
        return Cause::keyboard;
    } catch (const Interrupt&) {
        return Cause::interrupt;
    } catch (...) {
        return Cause::other;
    }
}

const char* advice(Cause cause, bool in_main) noexcept {
    switch (cause) {
    case Cause::nothing:
        return "no exception is being handled: it was called directly, by a `throw;` with nothing to throw again, "
               "or by the destructor of a std::thread that was not joined";
    case Cause::other:
        return "it met a function that is noexcept, as destructors are: catch it there";
    default:
        return in_main ? "nobody caught it, or it met a function that is noexcept, as destructors are: catch "
                         "(const tendril::Interrupt&) where its scope ends; a noexcept function that waits needs a "
                         "tendril::Shield, which makes kills, Timeouts and Ctrl-C wait until it has ended"
                       : "it met a function that is noexcept, as destructors are: one that waits needs a "
                         "tendril::Shield, which makes kills and Timeouts wait until it has ended, or must catch "
                         "(const tendril::Interrupt&)";
    }
}

std::string where(const Fiber& fiber) {
    if (fiber.stack == nullptr) {
        return "the main green thread of its OS thread";
    }
    std::array<char, 256> text{};
    return {text.data(), fiber.describe(text.data(), text.size())};
}

void report_end_of(const Fiber& fiber, const std::exception_ptr& error, Cause cause) {
    std::string what = "std::terminate() in " + where(fiber);
    if (error != nullptr) {
        what += ": " + describe(error);
    }
    report(what);
    report(advice(cause, fiber.stack == nullptr));
    std::array<void*, 32> addresses{};
    const std::size_t n = backtrace_here(addresses);
    AddressNames names;
    for (std::size_t i = 0; i < n; ++i) {
        report("    " + names.of(addresses[i]));
    }
}

// Reports, unless the error comes from main() and is not an Interrupt: that ends as in every program.
void say_who_ends() noexcept {
    const HubCore* hub = HubCore::if_any();
    const std::exception_ptr error = std::current_exception();
    const Cause cause = cause_of(error);
    if (cause == Cause::keyboard && interrupt_had_no_handler()) {
        end_by_sigint();
    }
    if (hub == nullptr || (hub->current == &hub->main && (cause == Cause::nothing || cause == Cause::other))) {
        return;
    }
    try {
        report_end_of(*hub->current, error, cause);
    } catch (...) {  // out of memory
    }
}

[[noreturn]] void report_and_go_on() {
    static constinit std::atomic<bool> reporting{false};
    if (!reporting.exchange(true)) {
        say_who_ends();
    }
    if (const std::terminate_handler next = before; next != nullptr) {
        next();
    }
    std::abort();
}

// A library may be unloaded before the program ends.
[[gnu::destructor]] void remove_terminate_report() {
    if (installed && std::get_terminate() == &report_and_go_on) {
        std::set_terminate(before);
    }
}

}  // namespace

void install_terminate_report() noexcept {
    if (!installed.exchange(true)) {
        before = std::set_terminate(&report_and_go_on);
    }
}

}  // namespace tendril::detail
