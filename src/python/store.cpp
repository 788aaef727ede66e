// SPDX-License-Identifier: MIT

#include "python/store.hpp"

#include <bit>
#include <new>

namespace tendril::python {

namespace {

constexpr std::size_t least = 8;
constexpr std::size_t small = 1024;

std::size_t parent(std::size_t at) noexcept {
    return (at - 1) / 2;
}

}  // namespace

// ---- Ring

bool Ring::grow() noexcept {
    if (size_ < room_) {
        return true;
    }
    const std::size_t room = room_ == 0 ? least : room_ * 2;
    auto* const slots = static_cast<PyObject**>(PyMem_Malloc(room * sizeof(PyObject*)));
    if (slots == nullptr) {
        PyErr_NoMemory();
        return false;
    }
    for (std::size_t i = 0; i < size_; ++i) {
        slots[i] = (*this)[i];
    }
    PyMem_Free(slots_);
    slots_ = slots;
    room_ = room;
    first_ = 0;
    return true;
}

bool Ring::push_back(PyObject* item) noexcept {
    if (!grow()) {
        return false;
    }
    (*this)[size_] = item;
    ++size_;
    return true;
}

bool Ring::push_front(PyObject* item) noexcept {
    if (!grow()) {
        return false;
    }
    first_ = (first_ + room_ - 1) & (room_ - 1);
    (*this)[0] = item;
    ++size_;
    return true;
}

PyObject* Ring::pop_front() noexcept {
    PyObject* const item = (*this)[0];
    first_ = (first_ + 1) & (room_ - 1);
    --size_;
    give_back();
    return item;
}

PyObject* Ring::pop_back() noexcept {
    --size_;
    PyObject* const item = (*this)[size_];
    give_back();
    return item;
}

void Ring::give_back() noexcept {
    if (size_ == 0 && room_ > small) {
        PyMem_Free(slots_);
        slots_ = nullptr;
        room_ = 0;
        first_ = 0;
    }
}

// ---- Heap

int Heap::less(PyObject* a, PyObject* b) const noexcept {
    const std::uint64_t version = version_;
    const Ref first = Ref::shared(a);
    const Ref second = Ref::shared(b);
    const int result = PyObject_RichCompareBool(a, b, Py_LT);
    return result < 0 ? -1 : version == version_ ? result : -2;
}

int Heap::before(const Entry& a, const Entry& b) const noexcept {
    const Entry first = a;
    const Entry second = b;
    const int smaller = less(first.item, second.item);
    if (smaller != 0 || first.number > second.number) {
        return smaller;
    }
    const int greater = less(second.item, first.item);
    return greater < 0 ? greater : static_cast<int>(greater == 0);
}

bool Heap::make_room() noexcept {
    try {
        if (items_.size() == items_.capacity()) {
            items_.reserve(items_.empty() ? least : items_.size() * 2);
        }
        return true;
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
        return false;
    }
}

void Heap::rise(Entry entry, std::size_t place) noexcept {
    ++version_;
    items_.push_back(entry);
    for (std::size_t at = items_.size() - 1; at != place; at = parent(at)) {
        items_[at] = items_[parent(at)];
    }
    items_[place] = entry;
}

Tried Heap::find_place(PyObject* item, std::size_t& place) noexcept {
    if (!make_room()) {
        return Tried::failed;
    }
    place = items_.size();
    while (place > 0) {
        const int smaller = less(item, items_[parent(place)].item);
        if (smaller < 0) {
            return smaller == -1 ? Tried::failed : Tried::changed;
        }
        if (smaller == 0) {
            break;
        }
        place = parent(place);
    }
    return Tried::done;
}

void Heap::push(PyObject* item, std::size_t place) noexcept {
    rise({Py_NewRef(item), next_++}, place);
}

bool Heap::push_unordered(PyObject* item) noexcept {
    if (!make_room()) {
        return false;
    }
    rise({item, --first_}, 0);
    return true;
}

void Heap::remove_first(std::size_t place_of_last) noexcept {
    ++version_;
    const std::size_t path = place_of_last + 1;  // its bits below the highest lead from the root there: 0 left, 1 right
    std::size_t at = 0;
    for (int bit = static_cast<int>(std::bit_width(path)) - 2; bit >= 0; --bit) {
        const std::size_t child = 2 * at + 1 + ((path >> bit) & 1);
        items_[at] = items_[child];
        at = child;
    }
    items_[at] = items_.back();
    items_.pop_back();
}

Tried Heap::pop(PyObject*& item) noexcept {
    // Where the last entry comes to lie when the first has gone and the smaller children move up: it is mostly a large
    // one, so looked for from below.
    const std::size_t last = items_.size() - 1;
    std::size_t at = 0;
    for (std::size_t child = 1; child < last; child = 2 * at + 1) {
        if (child + 1 < last) {
            const int second = before(items_[child + 1], items_[child]);
            if (second < 0) {
                return second == -1 ? Tried::failed : Tried::changed;
            }
            child += static_cast<std::size_t>(second);
        }
        at = child;
    }
    while (at > 0) {
        const int stays_below = before(items_[at], items_[last]);
        if (stays_below < 0) {
            return stays_below == -1 ? Tried::failed : Tried::changed;
        }
        if (stays_below > 0) {
            break;
        }
        at = parent(at);
    }
    item = items_.front().item;
    remove_first(at);
    return Tried::done;
}

PyObject* Heap::drop_last() noexcept {
    ++version_;
    PyObject* const item = items_.back().item;
    items_.pop_back();
    return item;
}

}  // namespace tendril::python
