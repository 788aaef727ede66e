// SPDX-License-Identifier: MIT

#include "patch/hooks.hpp"

#include <string_view>

#include "patch/extra_hooks.hpp"

namespace tendril::patch::detail {

namespace {
constinit Hooks extra;
}

void add_extra_hooks(Hooks hooks) noexcept {
    extra = hooks;
}

Hooks extra_hooks() noexcept {
    return extra;
}

std::span<const Hooks> all_hooks() noexcept {
    static const std::array all{read_hooks(),         message_hooks(),     connect_hooks(),   poll_hooks(),
                                descriptor_hooks(),   stdio_hooks(),       sleep_hooks(),     name_hooks(),
                                process_hooks(),      mutex_hooks(),       condition_hooks(), semaphore_hooks(),
                                rwlock_hooks(),       barrier_hooks(),     futex_hooks(),     thread_hooks(),
                                thread_taker_hooks(), thread_exit_hooks(), key_hooks(),       thread_local_hooks(),
                                signal_hooks(),       loader_hooks(),      extra_hooks()};
    return all;
}

const Hook* hook_for(const char* symbol) noexcept {
    for (const Hooks& area : all_hooks()) {
        for (const Hook& hook : area) {
            if (std::string_view(hook.symbol) == symbol) {
                return &hook;
            }
        }
    }
    return nullptr;
}

}  // namespace tendril::patch::detail
