// SPDX-License-Identifier: MIT

#include <tendril/stack_size.hpp>

#include <bit>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/once.hpp"
#include "base/report.hpp"
#include "context/os_thread.hpp"
#include "context/stack_pool.hpp"

namespace tendril {

namespace detail {

namespace {

// Returns: 0 for what is not a size within the bounds.
std::size_t parsed(const char* text) noexcept {
    const char* end = text + std::strlen(text);
    std::size_t size = 0;
    const auto [stop, error] = std::from_chars(text, end, size);
    int shift = 0;
    if (stop + 1 == end) {
        shift = *stop == 'K' || *stop == 'k' ? 10 : *stop == 'M' || *stop == 'm' ? 20 : -1;
    }
    if (error != std::errc() || stop + (shift != 0 ? 1 : 0) != end || shift < 0 ||
        size > StackPool::maximum_size >> shift || size << shift < StackPool::minimum_size) {
        return 0;
    }
    return size << shift;
}

}  // namespace

void configure_stack_size() {
    static constinit Once once;
    once([] {
        const char* text = std::getenv("TENDRIL_STACK_SIZE");
        if (text == nullptr || *text == 0) {
            return;
        }
        if (const std::size_t size = parsed(text); size != 0) {
            StackPool::chosen_log2 = std::countr_zero(std::bit_ceil(size));
        } else {
            report("TENDRIL_STACK_SIZE is not a size from 32K to 1024M, such as 524288, 512K or 1M: " +
                   std::string(text));
        }
    });
}

}  // namespace detail

void set_default_stack_size(std::size_t bytes) {
    using detail::StackPool;
    detail::configure_stack_size();  // so that the environment does not override it later
    StackPool::check_size(bytes);
    StackPool::chosen_log2 = std::countr_zero(bytes == 0 ? StackPool::default_size : std::bit_ceil(bytes));
}

std::size_t default_stack_size() {
    detail::configure_stack_size();
    return std::size_t{1} << detail::StackPool::chosen_log2;
}

}  // namespace tendril
