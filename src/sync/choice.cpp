// SPDX-License-Identifier: MIT

#include <tendril/detail/sync/choice.hpp>

#include <algorithm>
#include <list>
#include <optional>

#include <tendril/detail/sync/wait_queue.hpp>
#include <tendril/queue_error.hpp>

#include "hub/here.hpp"
#include "hub/waiter.hpp"

namespace tendril::detail {

// A place for each source, in the order of the sources.
struct Choice::Places {
    struct Place final : Observer {
        Waiter& waiter;
        std::optional<StandIn> stand_in;
        explicit Place(Waiter& w) noexcept
            : Observer([](Observer& self) noexcept { static_cast<Place&>(self).waiter.resolve(Outcome::signalled); }),
              waiter(w) {}
    };

    Waiter waiter{"get_any"};
    std::list<Place> places;  // a list, so that addresses stay

    // Waits for any of the sources. Returns: the one that was handed to; none if another try may succeed.
    std::size_t wait(const ChoiceSource* sources, std::size_t n, Deadline deadline) {
        Choice choice(*this);
        for (std::size_t i = 0; i < n; ++i) {
            sources[i].line_up(sources[i].queue, choice, sources[i].slot);
        }
        switch (waiter.wait(deadline)) {
        case Outcome::handed:
            break;
        case Outcome::timed_out:
            throw Empty();
        default:
            return none;
        }
        std::size_t which = 0;
        for (const Place& each : places) {
            if (each.stand_in.has_value() && each.stand_in->outcome == Outcome::handed) {
                break;
            }
            ++which;
        }
        return which;
    }
};

void Choice::stand_in(WaitQueue& line, void* slot) {
    Places::Place& place = places_.places.emplace_back(places_.waiter);
    line.add(place.stand_in.emplace(places_.waiter, slot));
}

void WaitQueue::line_up(Choice& choice, void* slot) {
    choice.stand_in(*this, slot);
}

Observer& Choice::observer() {
    return places_.places.emplace_back(places_.waiter);
}

namespace {

// Returns: where to begin, a different source each time, so that none is preferred.
std::size_t first_of(std::size_t n) noexcept {
    static thread_local std::size_t turn = 0;
    return turn++ % n;
}

}  // namespace

std::size_t Choice::make(const ChoiceSource* sources, std::size_t n, const Deadline* deadline) {
    bool finished = false;
    for (;;) {
        for (std::size_t k = 0, i = first_of(n); k < n; ++k, i = i + 1 == n ? 0 : i + 1) {
            if (sources[i].take(sources[i].queue, sources[i].slot)) {
                return i;
            }
        }
        if (finished) {
            throw ShutDown();
        }
        // Another OS thread may have put an item and then shut a queue down, both after that queue was tried: tries
        // again.
        finished = std::any_of(sources, sources + n, [](const ChoiceSource& one) { return one.finished(one.queue); });
        if (finished) {
            continue;
        }
        if (deadline == nullptr) {
            return none;
        }
        Places places;
        if (const std::size_t which = places.wait(sources, n, *deadline); which != none) {
            return which;
        }
    }
}

}  // namespace tendril::detail
