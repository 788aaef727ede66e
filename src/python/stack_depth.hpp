// SPDX-License-Identifier: MIT
//
// Depths: how many values lie on the evaluation stack before each instruction of a code object. The interpreter keeps
// that number in a register while a frame runs, so for a frame that has called into C it can only be had from the code:
// it is the same however an instruction was reached.

#pragma once

#include "python/python.hpp"

#include <cstdint>
#include <vector>

namespace tendril::python {

struct Instruction {
    std::int16_t depth = -1;  // before it; -1: not known
    std::uint8_t opcode = 0;  // the one that the compiler wrote
    std::uint8_t operand = 0;
};

class Depths {
public:
    // Of the code object, which keeps it. nullptr: no memory. Sets no error, and makes no object that is collected.
    static const Depths* of(PyCodeObject* code) noexcept;

    // `index`: in code units. Of what is not the beginning of an instruction that can be reached: depth is -1.
    Instruction at(std::ptrdiff_t index) const noexcept {
        return index >= 0 && index < std::ssize(units_) ? units_[static_cast<std::size_t>(index)] : Instruction();
    }

private:
    friend class DepthSearch;
    std::vector<Instruction> units_;
};

// Once, before the first use.
void prepare_depths() noexcept;

}  // namespace tendril::python
