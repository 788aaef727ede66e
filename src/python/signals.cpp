// SPDX-License-Identifier: MIT

#include "python/signals.hpp"

#include <fcntl.h>

#include <cerrno>
#include <new>
#include <utility>

#include <tendril/greenlet.hpp>
#include <tendril/watchers.hpp>

#include "base/sys.hpp"
#include "hub/here.hpp"
#include "python/error.hpp"
#include "python/greenlet.hpp"
#include "python/internals.hpp"
#include "python/python.hpp"
#include "python/state.hpp"

namespace tendril::python {

namespace {

std::uint64_t os_thread = 0;  // whose hub watches; 0: none
int reading = -1;
int writing = -1;
Io* watch = nullptr;  // never destroyed: it outlives its hub
bool called = false;  // a Call has not run yet

// The program's own wakeup descriptor stays, if it has one. Returns: false with an error set.
bool have_wakeup_descriptor(int ours_before) noexcept {
    const Ref module = Ref::taken(PyImport_ImportModule("signal"));
    const Ref set = Ref::taken(module ? PyObject_GetAttrString(module.get(), "set_wakeup_fd") : nullptr);
    const Ref args = Ref::taken(set ? Py_BuildValue("(i)", writing) : nullptr);
    // One byte of many wakes the hub: a full pipe is no error.
    const Ref kwargs = Ref::taken(args ? Py_BuildValue("{s:O}", "warn_on_full_buffer", Py_False) : nullptr);
    const Ref old = Ref::taken(kwargs ? PyObject_Call(set.get(), args.get(), kwargs.get()) : nullptr);
    if (!old) {
        return false;
    }
    const long number = PyLong_AsLong(old.get());
    if (number < 0 || number == writing || number == ours_before) {
        return true;
    }
    return static_cast<bool>(Ref::taken(PyObject_CallFunction(set.get(), "l", number)));
}

// Calls the functions of Python.
class Call {
public:
    Call() noexcept = default;
    Call(Call&& other) noexcept : mine_(std::exchange(other.mine_, false)) {}
    Call& operator=(Call&&) = delete;
    ~Call() { done(); }

    void operator()() noexcept {
        State* const state = State::begin();
        done();
        if (state == nullptr) {
            return;
        }
        if (!have_wakeup_descriptor(-1)) {  // the program may have set another meanwhile, and taken it back
            PyErr_Clear();
        }
        if (!call_signal_handlers()) {
            PyObject *type = nullptr, *value = nullptr, *traceback = nullptr;
            PyErr_Fetch(&type, &value, &traceback);
            PyErr_NormalizeException(&type, &value, &traceback);
            if (traceback != nullptr) {
                PyException_SetTraceback(value, traceback);
            }
            raise_in_main(value);
            Py_XDECREF(type);
            Py_XDECREF(value);
            Py_XDECREF(traceback);
        }
        state->end();
    }

private:
    void done() noexcept {
        if (std::exchange(mine_, false)) {
            called = false;
        }
    }
    bool mine_ = true;
};

void call_soon() noexcept {
    if (!called && signals_are_pending()) {
        called = true;
        try {
            spawn_n(Call());
        } catch (...) {  // no memory; the next signal tries again
            called = false;
        }
    }
}

void on_readable() noexcept {
    char bytes[64];
    while (sys::read(reading, bytes, sizeof bytes) > 0) {
    }
    call_soon();
}

}  // namespace

bool watch_signals() noexcept {
    int ends[2];
    if (const int r = sys::pipe(ends, O_NONBLOCK); r < 0) {
        errno = -r;
        PyErr_SetFromErrno(PyExc_OSError);
        return false;
    }
    const int before = std::exchange(writing, ends[1]);
    if (!have_wakeup_descriptor(before)) {  // only Python's main thread may
        PyErr_Clear();
        sys::close(ends[0]);
        sys::close(std::exchange(writing, before));
        return true;
    }
    for (const int old : {before, std::exchange(reading, ends[0])}) {
        if (old >= 0) {
            sys::close(old);
        }
    }
    return guarded([] {
        if (std::exchange(os_thread, detail::here::owner()) != detail::here::owner()) {
            // NOLINTNEXTLINE(bugprone-unhandled-exception-at-new): guarded() catches
            watch = new Io(reading, IoEvents::read, [](IoEvents) { on_readable(); }, {.ref = false});
        } else {
            watch->stop();
            watch->set(reading, IoEvents::read);
            watch->start();
        }
    });
}

void after_sleep_for_signals() noexcept {
    if (os_thread != 0 && os_thread == detail::OsThread::current_serial()) {
        call_soon();
    }
}

InterruptAside::InterruptAside() noexcept {
    if (sys::sigaction(SIGINT, nullptr, &before_) == 0 && (before_.sa_flags & SA_SIGINFO) == 0 &&
        before_.sa_handler == SIG_DFL) {
        struct sigaction ignored {};
        ignored.sa_handler = SIG_IGN;
        changed_ = sys::sigaction(SIGINT, &ignored, nullptr) == 0;
    }
}

InterruptAside::~InterruptAside() {
    if (changed_) {
        sys::sigaction(SIGINT, &before_, nullptr);
    }
}

}  // namespace tendril::python
