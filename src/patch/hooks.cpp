// SPDX-License-Identifier: MIT

#include "patch/hooks.hpp"

#include <string_view>
#include <unordered_map>

namespace tendril::patch::detail {

std::span<const Hooks> all_hooks() noexcept {
    static const std::array all{
        read_hooks(),   message_hooks(), connect_hooks(), poll_hooks(),   descriptor_hooks(),   stdio_hooks(),
        sleep_hooks(),  name_hooks(),    process_hooks(), mutex_hooks(),  condition_hooks(),    semaphore_hooks(),
        rwlock_hooks(), barrier_hooks(), futex_hooks(),   thread_hooks(), thread_taker_hooks(), thread_exit_hooks(),
        key_hooks(),    signal_hooks(),  loader_hooks()};
    return all;
}

namespace {

std::unordered_map<std::string_view, const Hook*> by_symbol() {
    std::unordered_map<std::string_view, const Hook*> map;
    for (const Hooks& area : all_hooks()) {
        for (const Hook& hook : area) {
            map.emplace(hook.symbol, &hook);
        }
    }
    return map;
}

}  // namespace

const Hook* hook_for(const char* symbol) noexcept {
    static const auto* const map = new std::unordered_map<std::string_view, const Hook*>(by_symbol());  // never freed
    const auto found = map->find(symbol);
    return found != map->end() ? found->second : nullptr;
}

}  // namespace tendril::patch::detail
