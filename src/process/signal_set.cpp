// SPDX-License-Identifier: MIT

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <tendril/detail/base/stand.hpp>
#include <tendril/event.hpp>
#include <tendril/signal.hpp>

#include "net/transfer.hpp"
#include "process/child_process.hpp"

namespace tendril {

// came: each number at most once, in the order of coming. It has room for all of them, so that noting one cannot fail.
struct SignalSet::State {
    std::vector<int> numbers;
    std::vector<int> came;
    Event any;              // set while `came` has something
    detail::Stands stands;  // of the waiters
    std::vector<Signal> watchers;

    void note(int number) {
        if (std::find(came.begin(), came.end(), number) == came.end()) {
            came.push_back(number);
        }
        any.set();
    }

    std::optional<int> take() {
        if (came.empty()) {
            return std::nullopt;
        }
        const int first = came.front();
        came.erase(came.begin());
        if (came.empty()) {
            any.clear();
        }
        return first;
    }

    std::string names() const {
        std::string all;
        for (const int number : numbers) {
            all += (all.empty() ? "" : ", ") + std::to_string(number);
        }
        return all;
    }
};

SignalSet::SignalSet(std::initializer_list<int> numbers) : state_(std::make_unique<State>()) {
    if (numbers.size() == 0) {
        throw std::invalid_argument("SignalSet: name the signals to wait for");
    }
    state_->numbers.assign(numbers);
    state_->came.reserve(numbers.size());
    for (const int number : numbers) {
        if (std::count(numbers.begin(), numbers.end(), number) > 1) {
            throw std::invalid_argument("SignalSet: signal " + std::to_string(number) + " is named twice");
        }
        state_->watchers.emplace_back(number, [state = state_.get()](int came) { state->note(came); });
    }
}

SignalSet::SignalSet(SignalSet&&) noexcept = default;
SignalSet& SignalSet::operator=(SignalSet&&) noexcept = default;
SignalSet::~SignalSet() = default;

SignalSet::State& SignalSet::use() const {
    if (state_ == nullptr) {
        throw std::logic_error("this SignalSet was moved from; use the one that it was moved to");
    }
    return *state_;
}

int SignalSet::wait(Deadline deadline) {
    State& state = use();
    detail::here::refuse_in_callback();
    for (Signal& each : state.watchers) {
        each.start();  // does nothing but in the child of a fork()
    }
    for (;;) {
        if (const std::optional<int> first = state.take()) {
            return *first;
        }
        const detail::KeepAlive awake;
        const detail::Stand stand(state.stands);
        const bool came = state.any.wait(deadline);
        if (!stand.counts()) {
            throw std::logic_error("a SignalSet was destroyed while a green thread waited for it; let it outlive them");
        }
        if (!came && state.came.empty()) {
            detail::time_out({.waited_ns = detail::here::waited_ns()},
                             [&state] { return "SignalSet::wait (of signals " + state.names() + ')'; });
        }
    }
}

std::optional<int> SignalSet::take() {
    return state_ != nullptr ? state_->take() : std::nullopt;
}

bool SignalSet::ready() const noexcept {
    return state_ != nullptr && !state_->came.empty();
}

void SignalSet::observe(detail::Observer& observer) const {
    use().any.observe(observer);
}

int wait_signal(std::initializer_list<int> numbers, Deadline deadline) {
    return SignalSet(numbers).wait(deadline);
}

}  // namespace tendril
