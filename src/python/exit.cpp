// SPDX-License-Identifier: MIT

#include "python/exit.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <vector>

#include <tendril/greenlet.hpp>

#include "hub/here.hpp"
#include "python/alarm.hpp"
#include "python/awaiting.hpp"
#include "python/error.hpp"
#include "python/greenlet.hpp"
#include "python/hub.hpp"
#include "python/internals.hpp"
#include "python/preempt.hpp"
#include "python/signals.hpp"
#include "python/state.hpp"
#include "python/waiting.hpp"

namespace tendril::python {

namespace {

// Kills those that are left and younger than `last`. Returns: how many are left.
std::size_t kill_younger(std::uint64_t& last) {
    std::vector<detail::Fiber*> all = detail::here::fibers();
    std::erase_if(all, [](const detail::Fiber* each) { return each->outlives_hub || each->runs(); });
    const std::uint64_t before = last;
    for (auto it = all.rbegin(); it != all.rend() && (*it)->id > before; ++it) {
        (*it)->kill(nullptr);
        last = std::max(last, (*it)->id);
    }
    return all.size();
}

void kill_all_and_wait() {
    constexpr auto longest_pause = std::chrono::milliseconds(20);
    const Deadline deadline = std::chrono::seconds(1);
    std::chrono::microseconds pause(100);
    std::uint64_t last = 0;
    while (kill_younger(last) != 0 && !deadline.passed()) {
        yield();
        if (kill_younger(last) != 0) {
            sleep(std::min<Deadline>(deadline, pause));
            pause = std::min<std::chrono::microseconds>(2 * pause, longest_pause);
        }
    }
}

// Other OS threads, which may be the last to refer to them, must not drop them.
void drop_handles() noexcept {
    while (Living* const each = living_greenlets().pop_front()) {
        GreenletObject& greenlet = greenlet_of(*each);
        greenlet.handle = AnyGreenlet();
        if (greenlet.state != nullptr && greenlet.state->awaiting != nullptr) {  // on a stack that may go
            greenlet.state->awaiting->forget();
        }
    }
    if (main_greenlet() != nullptr) {
        main_greenlet()->handle = AnyGreenlet();
    }
}

void after_finalize() noexcept {
    interpreter_has_ended();
    end_preemption();
    if (detail::here::has_hub()) {
        detail::here::leave_all_suspended();
        // What C libraries do at the process's exit may wait for their threads, which are green: the hub outlives it.
        detail::OsThread::foreign_main = detail::OsThread::foreign_main || gives_gil_up_at_waits();
    }
}

PyObject* at_exit(PyObject* /*module*/, PyObject* /*unused*/) {
    State* const here = State::here();
    if (here == nullptr) {
        return nullptr;
    }
    end_blocking_watch();
    end_green_threads(*here);
    Py_RETURN_NONE;
}

// In the child, threading takes a thread that it does not know for its main one, and has the place where we note ours.
PyObject* before_fork(PyObject* /*module*/, PyObject* /*unused*/) {
    collect_no_green_threads(true);
    if (State* const here = State::here(); here != nullptr && here->own) {
        disown(here->thread);
    }
    return PyErr_Occurred() == nullptr ? Py_NewRef(Py_None) : nullptr;
}

PyObject* after_fork_in_parent(PyObject* /*module*/, PyObject* /*unused*/) {
    collect_no_green_threads(false);
    State* const here = State::here();
    if (here != nullptr && here->own) {
        own_again(here->thread, here);
    }
    return here != nullptr ? Py_NewRef(Py_None) : nullptr;
}

PyObject* after_fork_in_child(PyObject* /*module*/, PyObject* /*unused*/) {
    State* const here = State::here();
    if (here == nullptr) {
        return nullptr;
    }
    if (here->own) {
        own_again(here->thread, here);
    }
    std::vector<GreenletObject*> ended;
    detail::List<Living> mine;
    while (Living* const each = living_greenlets().pop_front()) {
        GreenletObject& greenlet = greenlet_of(*each);
        if (&greenlet == here->greenlet) {
            mine.push_back(*each);
        } else {
            end_in_child(greenlet);
            ended.push_back(&greenlet);
        }
    }
    while (Living* const each = mine.pop_front()) {
        living_greenlets().push_back(*each);
    }
    forget_states_after_fork();
    collect_no_green_threads(false);
    const bool made = waiting([] {
        const InterruptAside aside;
        detail::here::reinit();
    });
    for (GreenletObject* const each : ended) {
        each->handle = AnyGreenlet();
        static_cast<void>(guarded([&] { each->done.set(); }));
    }
    if (!made) {
        return nullptr;
    }
    set_main_greenlet(current_greenlet());
    return watch_signals() ? Py_NewRef(Py_None) : nullptr;
}

}  // namespace

void end_green_threads(State& here) noexcept {
    if (!detail::here::has_hub() || detail::here::in_foreign_child()) {
        return;
    }
    cancel_alarms(here);
    here.leave();
    try {
        kill_all_and_wait();
    } catch (...) {  // by a second Ctrl-C, say: then they get no more time
    }
    detail::here::leave_all_suspended();
    here.return_to();
    drop_handles();
}

void exit_program(PyObject* error) noexcept {
    int status = 0;
    if (error != nullptr) {
        status = PyErr_GivenExceptionMatches(error, PyExc_KeyboardInterrupt) != 0 ? 128 + SIGINT : 1;
        set_python_error(error);
        PyErr_PrintEx(0);  // a SystemExit ends the program here
    }
    Py_Exit(status);
}

int add_exit(PyObject* module) noexcept {
    static PyMethodDef methods[] = {{"_at_exit", &at_exit, METH_NOARGS, nullptr},
                                    {"_before_fork", &before_fork, METH_NOARGS, nullptr},
                                    {"_after_fork_in_parent", &after_fork_in_parent, METH_NOARGS, nullptr},
                                    {"_after_fork_in_child", &after_fork_in_child, METH_NOARGS, nullptr},
                                    {nullptr, nullptr, 0, nullptr}};
    if (Py_AtExit(&after_finalize) != 0) {
        PyErr_SetString(PyExc_RuntimeError, "tendril: the interpreter has no room for a function at its end");
        return -1;
    }
    return PyModule_AddFunctions(module, methods);
}

}  // namespace tendril::python
