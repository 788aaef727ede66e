// SPDX-License-Identifier: MIT
//
// Where tendril.Queue and its like keep their items.
//
// Ring: for the first in first out, and the last in first out. Heap: the smallest first, by Python's `<`, equal ones in
// the order of their coming. A comparison may raise, may use the same queue, and may let other green threads do so:
// nothing has been changed before all comparisons are done, and if the heap was changed meanwhile they count for
// nothing.

#pragma once

#include "python/python.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tendril::python {

// Its size is a power of two; it grows when it is full, and is given back when it is large and becomes empty.
class Ring {
public:
    Ring() noexcept = default;
    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;
    ~Ring() { PyMem_Free(slots_); }  // its owner has cleared it

    std::size_t size() const noexcept { return size_; }
    PyObject*& operator[](std::size_t i) const noexcept { return slots_[(first_ + i) & (room_ - 1)]; }

    // Take over the reference. Returns: false without memory, with MemoryError set.
    bool push_back(PyObject* item) noexcept;
    bool push_front(PyObject* item) noexcept;

    // Give the reference. Requires: size() > 0.
    PyObject* pop_front() noexcept;
    PyObject* pop_back() noexcept;

private:
    bool grow() noexcept;
    void give_back() noexcept;

    PyObject** slots_ = nullptr;
    std::size_t room_ = 0;
    std::size_t first_ = 0;
    std::size_t size_ = 0;
};

// How a change ended that needed comparisons.
enum class Tried : std::uint8_t {
    done,
    changed,  // the heap was changed by others meanwhile, and not by this call: to be tried again
    failed    // a Python error is set; nothing was changed
};

class Heap {
public:
    std::size_t size() const noexcept { return items_.size(); }
    PyObject* operator[](std::size_t i) const noexcept { return items_[i].item; }

    // Finds where a new item comes to lie, which is valid until the next change.
    Tried find_place(PyObject* item, std::size_t& place) noexcept;
    void push(PyObject* item, std::size_t place) noexcept;  // makes a reference

    Tried pop(PyObject*& item) noexcept;           // gives the reference. Requires: size() > 0
    bool push_unordered(PyObject* item) noexcept;  // takes over the reference; as if nothing were less than it

    PyObject* drop_last() noexcept;  // gives the reference of any one. Requires: size() > 0

private:
    struct Entry {
        PyObject* item;
        std::uint64_t number;
    };

    // 1: yes; 0: no; -1: it raised; -2: the heap was changed.
    int less(PyObject* a, PyObject* b) const noexcept;
    int before(const Entry& a, const Entry& b) const noexcept;
    bool make_room() noexcept;
    void rise(Entry entry, std::size_t place) noexcept;
    void remove_first(std::size_t place_of_last) noexcept;

    std::vector<Entry> items_;
    std::uint64_t version_ = 0;
    std::uint64_t next_ = std::uint64_t{1} << 63;
    std::uint64_t first_ = next_;  // of those that were put back, the last
};

}  // namespace tendril::python
