// SPDX-License-Identifier: MIT

#include "python/later.hpp"

#include <atomic>
#include <memory>
#include <new>

#include <unistd.h>

namespace tendril::python {

namespace {

struct Entry {
    PyObject* object;
    PyThreadState* thread;
    pid_t process;  // a fork() frees the PyThreadStates of other OS threads in the child
    Entry* next;
};

std::atomic<Entry*> entries{nullptr};

int drop_pending(void* /*unused*/) {
    drop_now();
    return 0;
}

void add(PyObject* object, PyThreadState* thread) noexcept {
    auto* const entry = new (std::nothrow) Entry{object, thread, getpid(), entries.load(std::memory_order_relaxed)};
    if (entry == nullptr) {
        return;  // it is lost
    }
    while (!entries.compare_exchange_weak(entry->next, entry, std::memory_order_release, std::memory_order_relaxed)) {
    }
    if (Py_IsInitialized() != 0) {
        Py_AddPendingCall(&drop_pending, nullptr);  // if there are too many, a later one does it
    }
}

}  // namespace

void drop_later(PyObject* object) noexcept {
    if (object != nullptr) {
        add(object, nullptr);
    }
}

void delete_later(PyThreadState* thread) noexcept {
    add(nullptr, thread);
}

void drop_now() noexcept {
    Entry* next = entries.exchange(nullptr, std::memory_order_acquire);
    while (next != nullptr) {
        const std::unique_ptr<Entry> entry(std::exchange(next, next->next));
        Py_XDECREF(entry->object);
        // An interpreter that ends has deleted them all.
        if (entry->thread != nullptr && entry->process == getpid() && _Py_IsFinalizing() == 0) {
            PyThreadState_Clear(entry->thread);
            PyThreadState_Delete(entry->thread);
        }
    }
}

}  // namespace tendril::python
