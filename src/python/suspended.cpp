// SPDX-License-Identifier: MIT

#define Py_BUILD_CORE 1  // NOLINT(readability-identifier-naming): CPython reads it
#include "python/suspended.hpp"

#undef HAVE_STD_ATOMIC  // <stdatomic.h> is C's; the builtins are the same
#include <internal/pycore_frame.h>
#include <opcode.h>

#include <algorithm>
#include <cstddef>

#include "python/stack_depth.hpp"

namespace tendril::python {

namespace {

using Frame = _PyInterpreterFrame;

// The values that a frame owns: localsplus[0, count), but for the one at `without`.
struct Owned {
    Py_ssize_t count = -1;  // -1: not known
    Py_ssize_t without = -1;
};

// Of a frame that has called our method; `base`: where its evaluation stack begins; `depth`: before the instruction.
//
//    stack, to its end:  callable, self, args...  or  NULL, callable, self, args...
//
// A callable that is not our method could have replaced a value by another, as functools.partial does for the time of
// its call: the value before those that it is given. So the callable is looked at and not visited, and of a method that
// is bound already, which would be in the place of `self`, nothing is known.
Owned owned_by_caller(Frame& frame, Py_ssize_t base, const Instruction& instruction, const CallSite& site) noexcept {
    PyObject** const stack = frame.localsplus + base;
    const Py_ssize_t depth = instruction.depth;
    if (site.args == nullptr) {
        const bool steps = instruction.opcode == FOR_ITER && depth > 0 && stack[depth - 1] == site.self;
        return steps ? Owned{base + depth, -1} : Owned{};
    }
    const Py_ssize_t at = depth - site.count;  // where the args begin
    if ((instruction.opcode != CALL && instruction.opcode != PRECALL) || at < 2 || stack + at != site.args ||
        stack[at - 1] != site.self || stack[at - 2] == nullptr || Py_TYPE(stack[at - 2]) != &PyMethodDescr_Type ||
        PyType_IsSubtype(Py_TYPE(site.self), PyDescr_TYPE(stack[at - 2])) == 0) {
        return {};
    }
    const bool as_method = instruction.operand == site.count;
    const bool as_function = instruction.operand == site.count + 1 && at > 2 && stack[at - 3] == nullptr;
    return as_method || as_function ? Owned{base + depth, base + at - 2} : Owned{};
}

// Of a frame that has made the interpreter run another, `callee`, from C. That may also be because an exception makes
// it drop the values on its stack one by one, beginning with the last.
Owned owned_by_recursion(Frame& frame, Py_ssize_t base, const Instruction& instruction, Frame& callee) noexcept {
    PyObject** const stack = frame.localsplus + base;
    const Py_ssize_t depth = instruction.depth;
    if (instruction.opcode == CALL_FUNCTION_EX) {
        const Py_ssize_t at = depth - 2 - (instruction.operand & 1);
        const bool direct = at > 0 && stack[at] == reinterpret_cast<PyObject*>(callee.f_func);
        return direct ? Owned{base, -1} : Owned{};
    }
    // The values below a generator that is being executed have not been dropped. It is not visited itself: its
    // finalizer would complain that it is being executed.
    if (instruction.opcode == FOR_ITER && callee.owner == FRAME_OWNED_BY_GENERATOR && depth > 0 &&
        stack[depth - 1] == reinterpret_cast<PyObject*>(_PyFrame_GetGenerator(&callee))) {
        PyObject* const generator = stack[depth - 1];
        const bool only_here = Py_REFCNT(generator) == 1 + std::count(frame.localsplus, stack, generator);
        return only_here ? Owned{base + depth - 1, -1} : Owned{};
    }
    return {};
}

// `callee`: the frame that it has called; nullptr: it is the innermost.
Owned owned_by(Frame& frame, Frame* callee, const CallSite& site) noexcept {
    const Py_ssize_t base = frame.f_code->co_nlocalsplus;
    if (callee != nullptr && !callee->is_entry) {  // the interpreter has noted it
        return {frame.stacktop >= base ? frame.stacktop : -1, -1};
    }
    const Depths* const depths = frame.stacktop == -1 ? Depths::of(frame.f_code) : nullptr;
    const Instruction instruction = depths != nullptr ? depths->at(_PyInterpreterFrame_LASTI(&frame)) : Instruction();
    if (instruction.depth < 0) {
        return {};
    }
    return callee == nullptr ? owned_by_caller(frame, base, instruction, site)
                             : owned_by_recursion(frame, base, instruction, *callee);
}

int visit_frame(Frame& frame, const Owned& owned, visitproc visit, void* arg) noexcept {
    if (frame.owner == FRAME_OWNED_BY_GENERATOR) {
        if (frame.stacktop >= 0) {  // the generator visits all of it
            return 0;
        }
    } else {
        Py_VISIT(frame.frame_obj);
        Py_VISIT(frame.f_locals);
        Py_VISIT(frame.f_func);
        Py_VISIT(frame.f_code);
    }
    for (Py_ssize_t i = 0; i < owned.count; ++i) {
        if (i != owned.without) {
            Py_VISIT(frame.localsplus[i]);
        }
    }
    return 0;
}

// Whether calling `run` has run the frame, or else the method of `site`, without C code in between.
bool is_direct(PyObject* run, const Frame* outermost, const CallSite& site) noexcept {
    if (outermost == nullptr) {
        return Py_TYPE(run) == &PyCFunction_Type && PyCFunction_GET_SELF(run) == site.self;
    }
    PyObject* const function = Py_TYPE(run) == &PyMethod_Type ? PyMethod_GET_FUNCTION(run) : run;
    return reinterpret_cast<PyObject*>(outermost->f_func) == function;
}

}  // namespace

bool frames_are_known(PyThreadState* thread, const CallSite& site, PyObject* run) noexcept {
    if (thread->cframe->use_tracing != 0) {
        return false;
    }
    Frame* callee = nullptr;
    for (Frame* frame = thread->cframe->current_frame; frame != nullptr; frame = frame->previous) {
        if ((frame->frame_obj != nullptr && Py_REFCNT(frame->frame_obj) != 1) ||
            owned_by(*frame, callee, site).count < 0) {
            return false;
        }
        callee = frame;
    }
    return is_direct(run, callee, site);
}

int visit_frames(PyThreadState* thread, const CallSite& site, visitproc visit, void* arg) noexcept {
    Py_VISIT(thread->context);
    Py_VISIT(thread->exc_state.exc_value);
    Py_VISIT(site.item);
    Frame* callee = nullptr;
    for (Frame* frame = thread->cframe->current_frame; frame != nullptr; frame = frame->previous) {
        if (const int stop = visit_frame(*frame, owned_by(*frame, callee, site), visit, arg)) {
            return stop;
        }
        callee = frame;
    }
    return 0;
}

}  // namespace tendril::python
