// SPDX-License-Identifier: MIT

#include <tendril/queue.hpp>

#include <stdexcept>

namespace tendril::detail {

void refuse_capacity_of_zero() {
    throw std::invalid_argument(
        "a queue with a capacity of 0 cannot hold anything; for a rendezvous use tendril::Channel, for no bound leave "
        "the capacity out");
}

void throw_not_put(Outcome why) {
    if (why == Outcome::closed) {
        throw ShutDown();
    }
    throw Full();
}

void throw_not_got(Outcome why) {
    if (why == Outcome::closed) {
        throw ShutDown();
    }
    throw Empty();
}

}  // namespace tendril::detail
