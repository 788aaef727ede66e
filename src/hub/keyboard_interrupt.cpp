// SPDX-License-Identifier: MIT

#include "hub/keyboard_interrupt.hpp"
#include "base/sys.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <typeinfo>

#include <tendril/error.hpp>

#include "context/outermost_handler.hpp"
#include "hub/hub_core.hpp"
#include "hub/signals.hpp"

namespace tendril::detail {

namespace {

bool end_by_signal = false;
bool delivered = false;    // to the main green thread, at least once
bool has_handler = false;  // below main()

// Runs at the very end of exit(): after the destructors of all static objects.
[[gnu::destructor(101)]] void end_as_interrupted() {
    if (end_by_signal) {
        std::fflush(nullptr);
        end_by_sigint();
    }
}

// Called when main() is unwound. Another SIGINT from now on ends the rest at once.
void main_was_unwound() {
    const int status = exit_status_of_interrupt();
    sys::default_action(SIGINT);
    std::exit(status);
}

}  // namespace

int exit_status_of_interrupt() noexcept {
    end_by_signal = true;
    return 128 + SIGINT;
}

void end_by_sigint() noexcept {
    sys::default_action(SIGINT);
    sys::unblock(SIGINT);
    sys::raise(SIGINT);
    sys::exit_now(128 + SIGINT);
}

bool is_keyboard_interrupt(const std::exception_ptr& error) noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const KeyboardInterrupt&) {
        return true;
    } catch (...) {
        return false;
    }
}

void expect_keyboard_interrupt(const Fiber& in) noexcept {
    interrupt_delivered();
    if (&in == &HubCore::of(in).main && sys::on_first_thread()) {
        delivered = true;
        has_handler = have_outermost_handler(in.tree.suspended_root(), typeid(KeyboardInterrupt), &main_was_unwound);
    }
}

bool unwinds_for_interrupt(const Fiber& root) noexcept {
    return delivered && root.unwinds();
}

bool interrupt_had_no_handler() noexcept {
    return !has_handler;
}

}  // namespace tendril::detail
