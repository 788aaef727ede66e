// SPDX-License-Identifier: MIT
//
// LocalSlot: what a Local does, whatever its type: finds, adds and destroys its value in the green thread that runs.
// Not for users.

#pragma once

#include <cstdint>

#include <tendril/detail/hub/local_value.hpp>
#include <tendril/site.hpp>

namespace tendril::detail {

// Never changes after its construction, so any OS thread may use it.
class LocalSlot {
public:
    explicit LocalSlot(Site where) noexcept;  // where: the Local was made
    LocalSlot(const LocalSlot&) = delete;
    LocalSlot& operator=(const LocalSlot&) = delete;

    // Returns: nullptr when there is none. Cost: O(Locals that this green thread uses).
    LocalValue* find() const {
        for (LocalValue* value = locals_here(); value != nullptr; value = value->older) {
            if (value->key == key_) {
                return value;
            }
        }
        return nullptr;
    }

    // Owns it from now on, as the youngest; what was there is destroyed before.
    void put(LocalValue& fresh) const;

    // Destroys the value, and those that its destructor makes. Under a Shield, as at the green thread's end.
    void clear() const;

    // While one lives, the initialiser runs in this green thread. It lies in the list too, under a key of its own.
    class Making : LocalValue {
    public:
        explicit Making(const LocalSlot& slot);  // Throws: std::logic_error when one lives already.
        Making(const Making&) = delete;
        Making& operator=(const Making&) = delete;
        ~Making();

    private:
        LocalValue*& locals_;
    };
    void refuse_while_making() const;        // throws std::logic_error
    [[noreturn]] void refuse_unset() const;  // throws std::logic_error

private:
    std::uint64_t key_;
    Site where_;
};

}  // namespace tendril::detail
