// SPDX-License-Identifier: MIT

#include <tendril/detail/record.hpp>

#include "base/report.hpp"
#include "hub/hub_core.hpp"

namespace tendril::detail {

RecordCache::~RecordCache() {
    for (Block* block : free_) {
        while (block != nullptr) {
            Block* next = block->next;
            ::operator delete(block);
            block = next;
        }
    }
}

void* RecordCache::allocate(std::size_t size) {
    const std::size_t index = (size - 1) / step;
    if (index >= classes) {
        return ::operator new(size);
    }
    if (Block* block = free_[index]; block != nullptr) {
        free_[index] = block->next;
        return block;
    }
    return ::operator new((index + 1) * step);
}

void RecordCache::free(void* memory, std::size_t size) noexcept {
    const std::size_t index = (size - 1) / step;
#ifdef TENDRIL_ASAN
    constexpr bool cached = false;  // so that a use after the end is seen
#else
    constexpr bool cached = true;
#endif
    if (!cached || index >= classes) {
        ::operator delete(memory);
        return;
    }
    free_[index] = ::new (memory) Block{free_[index]};
}

void* allocate_record(std::size_t size) {
    return HubCore::here().records.allocate(size);
}

void free_record(void* record, std::size_t size) noexcept {
    if (HubCore* hub = HubCore::if_any(); hub != nullptr) {
        hub->records.free(record, size);
    } else {
        ::operator delete(record);  // the handle outlived the hub
    }
}

void release_record(Record* record) noexcept {
    if (record->owner != OsThread::current_serial() && record->owner != 0) [[unlikely]] {
        report("a handle of green thread " + std::to_string(record->id) + " was dropped on OS thread " +
               std::to_string(OsThread::current_serial()) + " and belongs to " + std::to_string(record->owner) +
               "; its record is leaked");
        return;
    }
    if (--record->references != 0) {
        return;
    }
    if (record->ending == Ending::error && !record->error_seen) [[unlikely]] {
        const ErrorContext context{record->id, record->name, record->where, "green thread"};
        if (HubCore* hub = HubCore::if_any(); hub != nullptr) {
            hub->report(context, record->error);
        } else {
            report("a green thread of a hub that is gone", record->error);
        }
    }
    record->destroy(record);
}

}  // namespace tendril::detail
