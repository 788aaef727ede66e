// SPDX-License-Identifier: MIT

#include "python/preempt.hpp"

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <utility>

#include <tendril/greenlet.hpp>

#include "base/libc.hpp"
#include "base/plain_thread.hpp"
#include "base/sys.hpp"
#include "hub/here.hpp"
#include "patch/parking_lot.hpp"
#include "python/error.hpp"
#include "python/gil_wait.hpp"
#include "python/internals.hpp"
#include "python/state.hpp"
#include "python/stay_at_end.hpp"
#include "python/waiting.hpp"

namespace tendril::python {

namespace {

using Word = std::atomic<std::uint32_t>;

constexpr std::chrono::nanoseconds look_again = std::chrono::milliseconds(1);
constexpr int most_looks = 50;  // the hub may run what needs no GIL

// Of the one hub that is preempted. Never destroyed: the OS thread may outlive the interpreter's end.
struct Preemptor {
    detail::Scheduler& hub;
    std::atomic<std::int64_t> interval_ns;  // 0: it ends
    Word changed{0};                        // the interval was
    Word sleeps{0};                         // of the hub: odd while it sleeps
    std::atomic<bool> waits{false};         // for `sleeps` to change
    Word begun{0};                          // 1: the OS thread has what it needs of the interpreter
    Word ended{0};                          // 1: the OS thread does nothing any more

    Preemptor(detail::Scheduler& h, std::int64_t ns) noexcept : hub(h), interval_ns(ns) {}

    std::int64_t turns() const noexcept { return std::atomic_ref(hub.clock_ns).load(std::memory_order_relaxed); }
    bool hub_sleeps() const noexcept { return (sleeps.load() & 1) != 0; }
    void change_sleeps() noexcept {
        ++sleeps;
        if (waits.load()) {
            sys::futex_wake(sleeps);
        }
    }
    void run() noexcept;
    void order_end() noexcept;

private:
    void pause() noexcept;
    void doze() noexcept;
    bool may_ask() const noexcept { return interval_ns.load() != 0 && !is_finalizing(); }
    void let_others_run(PyThreadState* thread);
    void end() noexcept;
};

Preemptor* preemptor = nullptr;

void Preemptor::pause() noexcept {
    sys::futex_wait(changed, changed.load(), interval_ns.load());
}

void Preemptor::doze() noexcept {
    waits = true;
    const std::uint32_t now = sleeps.load();
    if ((now & 1) != 0 && interval_ns.load() != 0) {
        sys::futex_wait(sleeps, now);
    }
    waits = false;
}

void Preemptor::end() noexcept {
    ended = 1;
    sys::futex_wake(ended);
}

void Preemptor::let_others_run(PyThreadState* thread) {
    request_gil();
    waits = true;
    while (gil_is_requested() && gil_is_held() && may_ask()) {
        sys::futex_wait(sleeps, sleeps.load(), look_again.count());
    }
    for (int i = 0; i < most_looks && !gil_is_held(); ++i) {
        const std::uint32_t now = sleeps.load();
        if ((now & 1) != 0) {
            break;  // nobody else wants it
        }
        sys::futex_wait(sleeps, now, look_again.count());
    }
    waits = false;
    if (is_finalizing()) {
        withdraw_gil_request();  // which none will answer
        return;
    }
    if (!gil_is_held() || interval_ns.load() == 0) {
        StayAtEnd stay([this] { end(); });
        PyEval_RestoreThread(thread);
        PyEval_SaveThread();
        stay.over();
    }
}

void Preemptor::run() noexcept {
    sigset_t all;
    ::sigfillset(&all);
    detail::libc.pthread_sigmask(SIG_SETMASK, &all, nullptr);  // a handler must run where its green threads wait
    PyThreadState* const thread = PyThreadState_New(PyInterpreterState_Main());
    begun = 1;
    sys::futex_wake(begun);
    std::int64_t seen = turns();
    while (thread != nullptr && may_ask()) {
        pause();
        const std::int64_t now = turns();
        if (hub_sleeps()) {
            doze();
        } else if (now == seen && may_ask()) {
            patch::detail::let_others_first();
            if (gil_is_held()) {
                let_others_run(thread);
            }
        }
        seen = turns();
    }
    end();
}

void Preemptor::order_end() noexcept {
    interval_ns = 0;
    ++changed;
    sleeps.fetch_add(2);
    sys::futex_wake(changed);
    sys::futex_wake(sleeps);
}

// Ends the OS thread, and waits for that. It may be waiting for the GIL.
bool stop() noexcept {
    Preemptor* const one = std::exchange(preemptor, nullptr);
    if (one == nullptr) {
        return true;
    }
    one->order_end();
    return waiting([one] {
        for (int i = 0; one->ended.load() == 0 && i < 1000; ++i) {
            sleep(std::chrono::milliseconds(1));
        }
    });
}

PyObject* set_preemption(PyObject* /*module*/, PyObject* seconds) {
    double value = 0;
    if (!seconds_from(seconds, value)) {
        return nullptr;
    }
    if (value < 0 || value > 3600) {
        PyErr_SetString(PyExc_ValueError, "preemption takes a number of seconds from 0, which means never, to 3600");
        return nullptr;
    }
    if (!gives_gil_up_at_waits()) {
        PyErr_SetString(PyExc_RuntimeError, "preemption needs patch() first");
        return nullptr;
    }
    if (!stop()) {
        return nullptr;
    }
    const auto ns = static_cast<std::int64_t>(value * 1e9);
    hold_hub_up_for_gil(ns == 0);
    if (ns != 0 && !guarded([ns] {
            auto* const made = new Preemptor(detail::Scheduler::here(), ns);
            detail::PlainThread([made] { made->run(); }).detach();
            preemptor = made;
            while (made->begun.load() == 0) {  // a short program could end before, and the interpreter with it
                sys::futex_wait(made->begun, 0);
            }
        })) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* forget_preemption(PyObject* /*module*/, PyObject* /*unused*/) {
    preemptor = nullptr;
    Py_RETURN_NONE;
}

}  // namespace

void note_hub_sleeps() noexcept {
    if (preemptor != nullptr && !preemptor->hub_sleeps()) {
        preemptor->change_sleeps();
    }
}

void note_hub_wakes() noexcept {
    if (preemptor != nullptr && preemptor->hub_sleeps()) {
        preemptor->change_sleeps();
    }
}

void end_preemption() noexcept {
    Preemptor* const one = std::exchange(preemptor, nullptr);
    if (one == nullptr) {
        return;
    }
    one->order_end();
    while (one->ended.load() == 0) {
        sys::futex_wait(one->ended, 0);
    }
}

int add_preempt(PyObject* module) noexcept {
    static PyMethodDef methods[] = {{"_set_preemption", &set_preemption, METH_O, nullptr},
                                    {"_forget_preemption", &forget_preemption, METH_NOARGS, nullptr},
                                    {nullptr, nullptr, 0, nullptr}};
    return PyModule_AddFunctions(module, methods);
}

}  // namespace tendril::python
