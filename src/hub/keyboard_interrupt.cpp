// SPDX-License-Identifier: MIT
//
// A C++ exception that nobody catches ends the process before anything is unwound: the search for a handler comes
// first. So the search is made here, by what __cxa_throw() itself calls; when it finds none, the stack is unwound by
// force (Itanium C++ ABI, exception handling, 1.3 and 1.6.4).

#include "hub/keyboard_interrupt.hpp"

#include <unwind.h>

#include <bits/cxxabi_init_exception.h>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <typeinfo>

#include <tendril/error.hpp>

#include "context/os_thread.hpp"
#include "hub/signals.hpp"

namespace tendril::detail {

namespace {

bool end_by_signal = false;

// The very last of exit(): after the destructors of everything static.
[[gnu::destructor(101)]] void end_as_interrupted() {
    if (end_by_signal) {
        std::fflush(nullptr);
        ::signal(SIGINT, SIG_DFL);
        ::raise(SIGINT);
    }
}

// Looks for a handler and, if there is one, goes there.
void try_to_throw() {
    void* object = __cxxabiv1::__cxa_allocate_exception(sizeof(KeyboardInterrupt));
    ::new (object) KeyboardInterrupt;
    void* header = __cxxabiv1::__cxa_init_primary_exception(
        object, const_cast<std::type_info*>(&typeid(KeyboardInterrupt)),
        [](void* p) { static_cast<KeyboardInterrupt*>(p)->~KeyboardInterrupt(); });
    *static_cast<int*>(header) = 1;  // __cxa_refcounted_exception::referenceCount, its first member
    EhGlobals& globals = *reinterpret_cast<EhGlobals*>(__cxxabiv1::__cxa_get_globals());
    ++globals.uncaught;
    _Unwind_RaiseException(static_cast<_Unwind_Exception*>(object) - 1);  // the header's last member
    --globals.uncaught;
}

_Unwind_Reason_Code at_each_frame(int /*version*/, _Unwind_Action actions, _Unwind_Exception_Class /*kind*/,
                                  _Unwind_Exception* /*exception*/, _Unwind_Context* /*context*/, void* /*unused*/) {
    if ((actions & _UA_END_OF_STACK) != 0) {
        std::exit(exit_status_of_interrupt());
    }
    return _URC_NO_REASON;
}

}  // namespace

int exit_status_of_interrupt() noexcept {
    end_by_signal = true;
    return 128 + SIGINT;
}

void throw_keyboard_interrupt() {
    interrupt_delivered();
    if (!OsThread::current().on_own_stack()) {
        throw KeyboardInterrupt();  // a green thread's entry catches it
    }
    try_to_throw();
    static _Unwind_Exception forced{};  // a foreign one: `catch (...)` sees it, and may swallow it
    _Unwind_ForcedUnwind(&forced, &at_each_frame, nullptr);
    std::terminate();
}

}  // namespace tendril::detail
