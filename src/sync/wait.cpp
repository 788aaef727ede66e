// SPDX-License-Identifier: MIT

#include <tendril/wait.hpp>

#include <stdexcept>

#include <tendril/error.hpp>

#include "base/on_exit.hpp"
#include "hub/here.hpp"
#include "hub/waiter.hpp"

namespace tendril::detail {

struct Arrivals::Member : Observer {
    State* state = nullptr;
    Member() : Observer(&Member::on_ready) {}
    static void on_ready(Observer& self) noexcept;
};

// A member is in the list of its awaited object, then in `ready`, then in none.
struct Arrivals::State {
    std::unique_ptr<Member[]> members;
    std::size_t to_come;
    List<Observer> ready;
    Waiter* waiter = nullptr;
    const std::uint64_t owner = here::owner();
};

void Arrivals::Member::on_ready(Observer& self) noexcept {
    State& state = *static_cast<Member&>(self).state;
    state.ready.push_back(self);
    if (state.waiter != nullptr) {
        state.waiter->resolve(Outcome::signalled);
    }
}

Arrivals::Arrivals(std::size_t things)
    : state_(new State{std::unique_ptr<Member[]>(new Member[things]), things, {}, nullptr}) {
    for (std::size_t i = 0; i < things; ++i) {
        state_->members[i].state = state_.get();
    }
}

Arrivals::Arrivals(Arrivals&&) noexcept = default;
Arrivals& Arrivals::operator=(Arrivals&&) noexcept = default;
Arrivals::~Arrivals() = default;

Observer& Arrivals::observer(std::size_t i) noexcept {
    return state_->members[i];
}

void Arrivals::arrived(std::size_t i) noexcept {
    state_->ready.push_back(state_->members[i]);
}

std::size_t Arrivals::next(Deadline deadline, const char* what) {
    State& state = *state_;
    here::require_owner("an iwait()", state.owner);
    if (state.waiter != nullptr) {
        throw ConcurrentUse("a green thread advanced an iwait() in which another one waits; give each its own");
    }
    if (state.to_come == 0) {
        return none;
    }
    if (state.ready.empty()) {
        Waiter waiter(what);
        state.waiter = &waiter;
        const OnExit woken([&] { state.waiter = nullptr; });
        waiter.wait(deadline);
        if (state.ready.empty()) {
            return none;
        }
    }
    --state.to_come;
    return static_cast<std::size_t>(static_cast<Member*>(state.ready.pop_front()) - state.members.get());
}

void refuse_null_pointer() {
    throw std::invalid_argument("wait(), iwait() or get_any() was given a null pointer; leave out what does not exist");
}

void refuse_no_queue() {
    throw std::invalid_argument("get_any() was given no queue, and would never return");
}

}  // namespace tendril::detail
