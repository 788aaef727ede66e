// SPDX-License-Identifier: MIT

#include "python/stack_depth.hpp"

#include <opcode.h>

#include <algorithm>
#include <cstddef>
#include <new>
#include <span>

namespace tendril::python {

namespace {

Py_ssize_t place = -1;  // where code objects keep their Depths

void forget(void* depths) {
    delete static_cast<Depths*>(depths);
}

bool is_branch(int opcode) noexcept {
    switch (opcode) {
    case FOR_ITER:
    case SEND:
    case JUMP_FORWARD:
    case JUMP_BACKWARD:
    case JUMP_BACKWARD_NO_INTERRUPT:
    case JUMP_IF_FALSE_OR_POP:
    case JUMP_IF_TRUE_OR_POP:
    case POP_JUMP_FORWARD_IF_FALSE:
    case POP_JUMP_FORWARD_IF_TRUE:
    case POP_JUMP_FORWARD_IF_NONE:
    case POP_JUMP_FORWARD_IF_NOT_NONE:
    case POP_JUMP_BACKWARD_IF_FALSE:
    case POP_JUMP_BACKWARD_IF_TRUE:
    case POP_JUMP_BACKWARD_IF_NONE:
    case POP_JUMP_BACKWARD_IF_NOT_NONE:
        return true;
    default:
        return false;
    }
}

bool is_backward(int opcode) noexcept {
    switch (opcode) {
    case JUMP_BACKWARD:
    case JUMP_BACKWARD_NO_INTERRUPT:
    case POP_JUMP_BACKWARD_IF_FALSE:
    case POP_JUMP_BACKWARD_IF_TRUE:
    case POP_JUMP_BACKWARD_IF_NONE:
    case POP_JUMP_BACKWARD_IF_NOT_NONE:
        return true;
    default:
        return false;
    }
}

bool goes_on(int opcode) noexcept {  // to the next instruction
    switch (opcode) {
    case JUMP_FORWARD:
    case JUMP_BACKWARD:
    case JUMP_BACKWARD_NO_INTERRUPT:
    case RETURN_VALUE:
    case RAISE_VARARGS:
    case RERAISE:
        return false;
    default:
        return true;
    }
}

// By how much it changes the depth.
int effect(int opcode, int operand, bool jumps) noexcept {
    switch (opcode) {
    case PRECALL:  // the compiler counts what CALL takes here
        return 0;
    case CALL:
        return -operand - 1;
    case RETURN_GENERATOR:  // goes on when the generator is sent its first value
        return 1;
    default:
        return PyCompile_OpcodeStackEffectWithJump(opcode, operand, jumps ? 1 : 0);
    }
}

// The numbers of an exception table: six bits a byte, the highest first; bit 6 says that another follows.
class Table {
public:
    explicit Table(std::span<const std::uint8_t> bytes) noexcept : bytes_(bytes) {}
    bool more() const noexcept { return at_ < bytes_.size(); }
    int next() noexcept {
        int value = 0;
        while (more()) {
            const int byte = bytes_[at_++];
            value = value * 64 + (byte & 63);
            if ((byte & 64) == 0) {
                break;
            }
        }
        return value;
    }

private:
    std::span<const std::uint8_t> bytes_;
    std::size_t at_ = 0;
};

}  // namespace

// Follows all paths through the code. What does not fit together is not known at all.
class DepthSearch {
public:
    DepthSearch(std::span<const std::uint8_t> code, std::span<const std::uint8_t> handlers, int deepest)
        : code_(code), deepest_(deepest) {
        found_.units_.resize(code.size() / 2);
        fits_ = reach(0, 0);
        add_handlers(handlers);
        while (fits_ && !open_.empty()) {
            const std::size_t index = open_.back();
            open_.pop_back();
            fits_ = follow(index);
        }
        if (!fits_) {
            found_.units_.clear();
        }
    }
    Depths take() noexcept { return std::move(found_); }

private:
    std::size_t size() const noexcept { return found_.units_.size(); }
    int opcode(std::size_t index) const noexcept { return code_[2 * index]; }

    bool reach(std::ptrdiff_t index, int depth) {
        if (index < 0 || index >= std::ssize(found_.units_) || depth < 0 || depth > deepest_) {
            return false;
        }
        Instruction& unit = found_.units_[static_cast<std::size_t>(index)];
        if (unit.depth >= 0) {
            return unit.depth == depth;
        }
        unit = {static_cast<std::int16_t>(depth), code_[2 * static_cast<std::size_t>(index)],
                code_[2 * static_cast<std::size_t>(index) + 1]};
        open_.push_back(static_cast<std::size_t>(index));
        return true;
    }

    // A handler finds as many values as its entry says, then the instruction's number if that is asked for, and the
    // exception.
    void add_handlers(std::span<const std::uint8_t> bytes) {
        Table table(bytes);
        while (fits_ && table.more()) {
            static_cast<void>(table.next());  // begin
            static_cast<void>(table.next());  // size
            const int target = table.next();
            const int depth_and_number = table.next();
            fits_ = reach(target, (depth_and_number >> 1) + (depth_and_number & 1) + 1);
        }
    }

    bool follow(std::size_t index) {
        const int depth = found_.units_[index].depth;
        int operand = code_[2 * index + 1];
        while (opcode(index) == EXTENDED_ARG) {
            if (++index >= size() || operand > 0xffff) {
                return false;
            }
            operand = operand << 8 | code_[2 * index + 1];
            found_.units_[index] = {static_cast<std::int16_t>(depth), code_[2 * index], code_[2 * index + 1]};
        }
        const int op = opcode(index);
        std::size_t next = index + 1;
        while (next < size() && opcode(next) == CACHE) {
            ++next;
        }
        if (is_branch(op)) {
            const std::ptrdiff_t target = static_cast<std::ptrdiff_t>(next) + (is_backward(op) ? -operand : operand);
            const int change = effect(op, operand, true);
            if (change == PY_INVALID_STACK_EFFECT || !reach(target, depth + change)) {
                return false;
            }
        }
        if (!goes_on(op)) {
            return true;
        }
        const int change = effect(op, operand, false);
        return change != PY_INVALID_STACK_EFFECT && reach(static_cast<std::ptrdiff_t>(next), depth + change);
    }

    std::span<const std::uint8_t> code_;
    int deepest_;
    bool fits_ = true;
    std::vector<std::size_t> open_;
    Depths found_;
};

namespace {

std::span<const std::uint8_t> bytes_of(PyObject* bytes) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(PyBytes_AS_STRING(bytes)),
            static_cast<std::size_t>(PyBytes_GET_SIZE(bytes))};
}

Depths* search(PyCodeObject* code) noexcept {
    constexpr int deepest = INT16_MAX;
    const Ref text = Ref::taken(PyCode_GetCode(code));  // as the compiler wrote it
    if (!text) {
        return nullptr;
    }
    try {
        return new Depths(
            DepthSearch(bytes_of(text.get()), bytes_of(code->co_exceptiontable), std::min(code->co_stacksize, deepest))
                .take());
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

}  // namespace

const Depths* Depths::of(PyCodeObject* code) noexcept {
    auto* const object = reinterpret_cast<PyObject*>(code);
    void* kept = nullptr;
    if (place < 0 || _PyCode_GetExtra(object, place, &kept) != 0) {
        return nullptr;
    }
    if (kept != nullptr) {
        return static_cast<Depths*>(kept);
    }
    PyObject *type = nullptr, *value = nullptr, *traceback = nullptr;
    PyErr_Fetch(&type, &value, &traceback);
    Depths* made = search(code);
    if (made != nullptr && _PyCode_SetExtra(object, place, made) != 0) {
        delete made;
        made = nullptr;
    }
    PyErr_Restore(type, value, traceback);
    return made;
}

void prepare_depths() noexcept {
    place = _PyEval_RequestCodeExtraIndex(&forget);  // -1, if all are taken: then no depth is known
}

}  // namespace tendril::python
