// SPDX-License-Identifier: MIT

#include "http/server/exchange.hpp"

namespace tendril::http::detail {

namespace {

// The free Exchanges of this OS thread, the one used last first. They are deleted at the thread's end, when its hub may
// still unwind green threads that give theirs back.
struct Free {
    Exchange* first = nullptr;
    std::size_t count = 0;
    bool closed = false;
};
constinit thread_local Free free_ones;  // trivial, so that reading it is one instruction
constexpr std::size_t most_free = 16;   // of 12 KiB each: more than the number in use goes up and down by

struct FreeAtEnd {
    FreeAtEnd() = default;
    FreeAtEnd(const FreeAtEnd&) = delete;
    FreeAtEnd& operator=(const FreeAtEnd&) = delete;
    ~FreeAtEnd() {
        free_ones.closed = true;
        while (Exchange* one = free_ones.first) {
            free_ones.first = one->next_free;
            delete one;
        }
    }
};

Exchange* make_exchange() {
    static thread_local const FreeAtEnd at_end;
    static_cast<void>(at_end);
    return new Exchange;
}

}  // namespace

void Exchange::reset() noexcept {
    incoming.forget();
    head.method = head.target = {};
    if (!id.empty()) {
        id.clear();
    }
    if (!parameters.empty()) {
        parameters.clear();
    }
}

ExchangePtr acquire_exchange() {
    Exchange* one = free_ones.first;
    if (one == nullptr) [[unlikely]] {
        return ExchangePtr(make_exchange());
    }
    free_ones.first = one->next_free;
    --free_ones.count;
    return ExchangePtr(one);
}

void ReleaseExchange::operator()(Exchange* one) const noexcept {
    if (free_ones.closed || free_ones.count == most_free) [[unlikely]] {
        delete one;
        return;
    }
    one->reset();
    one->incoming.clear();
    one->writer.trim();
    one->writer.forget_error();
    one->body.forget_error();
    one->next_free = free_ones.first;
    free_ones.first = one;
    ++free_ones.count;
}

}  // namespace tendril::http::detail
