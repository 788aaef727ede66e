// SPDX-License-Identifier: MIT

#include <tendril/local.hpp>

#include <atomic>
#include <stdexcept>
#include <string>

#include <tendril/greenlet.hpp>
#include <tendril/shield.hpp>

namespace tendril::detail {

namespace {

constexpr std::uint64_t making = std::uint64_t{1} << 63;  // set in the key of a Making

std::uint64_t new_key() noexcept {
    static constinit std::atomic<std::uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

// Takes the value with this key out of the list. Returns: nullptr if there is none.
LocalValue* take(LocalValue*& locals, std::uint64_t key) noexcept {
    for (LocalValue** link = &locals; *link != nullptr; link = &(*link)->older) {
        if (LocalValue* value = *link; value->key == key) {
            *link = value->older;
            return value;
        }
    }
    return nullptr;
}

std::string describe(const Site& local) {
    const AnyGreenlet here = current();
    return "the Local made at " + std::string(local.file) + ':' + std::to_string(local.line) + ", in green thread " +
           std::to_string(here.id()) + (here.name().empty() ? "" : " \"" + std::string(here.name()) + '"');
}

}  // namespace

LocalSlot::LocalSlot(Site where) noexcept : key_(new_key()), where_(where) {}

void LocalSlot::put(LocalValue& fresh) const {
    clear();
    fresh.key = key_;
    LocalValue*& locals = locals_here();
    fresh.older = locals;
    locals = &fresh;
}

void LocalSlot::clear() const {
    LocalValue*& locals = locals_here();
    while (LocalValue* value = take(locals, key_)) {
        const Shield shield;
        value->destroy(value);
    }
}

LocalSlot::Making::Making(const LocalSlot& slot)
    : LocalValue{nullptr, slot.key_ | making, [](LocalValue*) noexcept {}}, locals_(locals_here()) {
    slot.refuse_while_making();
    older = locals_;
    locals_ = this;
}

// The entry may already be gone: a raw context that a value's destructor left behind is unwound after the values.
LocalSlot::Making::~Making() {
    take(locals_, key);
}

void LocalSlot::refuse_while_making() const {
    for (const LocalValue* value = locals_here(); value != nullptr; value = value->older) {
        if (value->key == (key_ | making)) {
            throw std::logic_error(describe(where_) +
                                   ", was used by its own initialiser while that makes the first value: let the "
                                   "initialiser return the value, without using that Local");
        }
    }
}

void LocalSlot::refuse_unset() const {
    throw std::logic_error(describe(where_) + ", has no value: set it in this green thread first, give the Local an " +
                           "initialiser, or ask has_value() or get_if() first");
}

}  // namespace tendril::detail
