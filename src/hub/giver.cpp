// SPDX-License-Identifier: MIT

#include <tendril/detail/hub/giver.hpp>

#include <exception>

#include "base/report.hpp"

namespace tendril::detail {

void Giver::take_back(void* slot) const noexcept {
    if (take == nullptr) {
        return;
    }
    try {
        take(object, slot);
    } catch (...) {
        report("after a fork, an item handed to a green thread of the parent is lost to the child",
               std::current_exception());
    }
}

}  // namespace tendril::detail
