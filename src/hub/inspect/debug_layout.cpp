// SPDX-License-Identifier: MIT
//
// Tells tools/gdb/tendril.py how to find every green thread of a process or a core file: where the list of hubs begins,
// and the offsets of the fields that it follows. It reads plain memory by them, so it needs no debug information at
// all. tendril.py names the fields in the same order; a new order needs a new version.

#include <cstddef>

#include "hub/hub_core.hpp"

// The classes are not of standard layout, yet simple enough for both compilers: no virtual bases.
#pragma GCC diagnostic ignored "-Winvalid-offsetof"

namespace tendril::detail {

#ifdef TENDRIL_SWITCH_OURS
#define TENDRIL_OFFSET_OF_REGISTERS offsetof(Fiber, sp), offsetof(Fiber, fp), offsetof(Fiber, pc)
#else
#define TENDRIL_OFFSET_OF_REGISTERS 0, 0, 0  // Boost's switch does not expose them
#endif

struct StackPoolLayout {
    static constexpr std::size_t chunks = offsetof(StackPool, chunks_);
    static constexpr std::size_t base = offsetof(StackChunk, base_);
    static constexpr std::size_t size = offsetof(StackChunk, size_);
    static constexpr std::size_t guard = offsetof(StackChunk, guard_);
    static constexpr std::size_t live = offsetof(StackChunk, live_);
    static constexpr std::size_t first_colour = offsetof(StackChunk, first_colour_);
};
using Pool = StackPoolLayout;

constinit HubList all_hubs{
    .first = nullptr,
    .layout = {0x74656e6472696c02, HubList::fields,
               // Heartbeat
               offsetof(Heartbeat, next), offsetof(Heartbeat, hub), offsetof(Heartbeat, os_serial),
               offsetof(Heartbeat, kernel_thread),
               // HubCore, OsThread
               offsetof(HubCore, os), offsetof(HubCore, current), offsetof(HubCore, main),
               offsetof(HubCore, callback_fiber), offsetof(OsThread, stacks),
               // StackPool
               Pool::chunks, Pool::base, Pool::size, Pool::guard, Pool::live, Pool::first_colour, sizeof(StackTop),
               offsetof(StackTop, owner), StackChunk::colours, StackChunk::colour_step,
               // Fiber
               TENDRIL_OFFSET_OF_REGISTERS, offsetof(Fiber, id), offsetof(Fiber, spawner), offsetof(Fiber, waiter),
               offsetof(Fiber, started), offsetof(Fiber, ended), offsetof(Fiber, where.file),
               offsetof(Fiber, where.line), offsetof(Fiber, record), offsetof(Fiber, start_timer.number),
               // Waiter, Record
               offsetof(Waiter, what), offsetof(Waiter, outcome), offsetof(Record, name)}};

}  // namespace tendril::detail
