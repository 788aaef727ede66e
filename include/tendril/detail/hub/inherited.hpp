// SPDX-License-Identifier: MIT
//
// Inherited: the values of ContextLocals that a green thread has, and gives to those that it spawns. Never changes, so
// that a spawn copies a pointer. Not for users.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace tendril::detail {

class Inherited;

// A std::shared_ptr of one word, since each green thread has it and each spawn copies it. nullptr: no values.
class InheritedPtr {
public:
    InheritedPtr(std::nullptr_t = nullptr) noexcept {}
    explicit InheritedPtr(const Inherited& first) noexcept : values_(&first) {}  // made with a count of 1
    InheritedPtr(const InheritedPtr& other) noexcept : values_(other.values_) {
        if (values_ != nullptr) [[unlikely]] {  // mostly a spawn without any
            add();
        }
    }
    InheritedPtr(InheritedPtr&& other) noexcept : values_(std::exchange(other.values_, nullptr)) {}
    InheritedPtr& operator=(InheritedPtr other) noexcept {
        std::swap(values_, other.values_);
        return *this;
    }
    ~InheritedPtr() {
        if (values_ != nullptr) [[unlikely]] {
            drop();
        }
    }

    const Inherited* get() const noexcept { return values_; }
    const Inherited* operator->() const noexcept { return values_; }
    const Inherited& operator*() const noexcept { return *values_; }
    friend bool operator==(const InheritedPtr& a, std::nullptr_t) noexcept { return a.values_ == nullptr; }

private:
    void add() const noexcept;
    void drop() const noexcept;  // the last one deletes it

    const Inherited* values_ = nullptr;
};

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
    friend class InheritedPtr;

    struct Entry {
        std::uint64_t variable;
        std::shared_ptr<const void> value;
    };
    std::vector<Entry> entries_;  // few; in the order of their setting
    mutable std::atomic<std::size_t> pointers_{1};
};

// Of the running green thread, or of this OS thread while it has no hub.
InheritedPtr& inherited_here() noexcept;
InheritedPtr inherited_by_hub() noexcept;  // by main, when the hub is made

std::uint64_t next_variable() noexcept;

}  // namespace tendril::detail
