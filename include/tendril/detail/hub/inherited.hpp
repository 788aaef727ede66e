// SPDX-License-Identifier: MIT
//
// Inherited: the values of ContextLocals that a green thread has, and gives to those that it spawns. Never changes, so
// that a spawn copies a pointer. Not for users.

#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace tendril::detail {

class Inherited;
using InheritedPtr = std::shared_ptr<const Inherited>;  // nullptr: no values

class Inherited {
public:
    // Returns: nullptr if the variable has no value.
    const void* find(std::uint64_t variable) const noexcept {
        for (const Entry& each : entries_) {
            if (each.variable == variable) {
                return each.value.get();
            }
        }
        return nullptr;
    }

    // Returns `before` with this value of the variable; without any if `value` is nullptr.
    static InheritedPtr with(const InheritedPtr& before, std::uint64_t variable, std::shared_ptr<const void> value);

private:
    struct Entry {
        std::uint64_t variable;
        std::shared_ptr<const void> value;
    };
    std::vector<Entry> entries_;  // few; in the order of their setting
};

// Of the running green thread, or of this OS thread while it has no hub.
InheritedPtr& inherited_here() noexcept;
InheritedPtr inherited_by_hub() noexcept;  // by main, when the hub is made

std::uint64_t next_variable() noexcept;

}  // namespace tendril::detail
