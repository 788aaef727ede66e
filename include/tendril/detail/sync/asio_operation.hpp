// SPDX-License-Identifier: MIT
//
// An operation of Asio's that a green thread waits for: its memory, its handler, how it is cancelled. Not for users:
// tendril/asio.hpp

#pragma once

#include <asio/cancellation_type.hpp>
#include <asio/execution_context.hpp>
#include <asio/post.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

#include <tendril/detail/sync/asio_cancellation.hpp>
#include <tendril/detail/sync/parking.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/shared_event.hpp>
#include <tendril/shield.hpp>

namespace tendril::detail {

// What an operation needs of memory, kept from one to the next: Asio's own cache is only for code inside of run().
// What each operation touches lies in the first cache line.
struct alignas(64) AsioScratch {
    AsioScratch* next = nullptr;
    bool here = false;  // its operation is one of an io_context that asio_run() runs on this OS thread
    bool taken = false;
    bool left = false;  // by its operation; the object that lies in the room deletes it
    AsioCancellation cancellation;
    static constexpr std::size_t size = 384;
    alignas(64) std::byte room[size];
};

// Of an OS thread: the memory that no operation uses, and the io_context that asio_run() runs.
class AsioScratches {
public:
    static constexpr std::size_t most = 256;
    const asio::execution_context* runs_here = nullptr;
    bool in_handlers = false;  // of that one

    AsioScratches() = default;
    AsioScratches(const AsioScratches&) = delete;
    AsioScratches& operator=(const AsioScratches&) = delete;
    ~AsioScratches() {
        while (free_ != nullptr) {
            delete std::exchange(free_, free_->next);
        }
    }

    static AsioScratches& here() {
        static thread_local AsioScratches all;
        return all;
    }
    AsioScratch& take() {
        if (free_ == nullptr) {
            return *new AsioScratch;
        }
        --count_;
        return *std::exchange(free_, free_->next);
    }
    void give_back(AsioScratch& scratch) noexcept {
        scratch.cancellation.clear();
        if (scratch.taken) [[unlikely]] {  // by what a group of operations shares, to the end of the last handler
            scratch.left = true;
            return;
        }
        if (count_ == most) {
            delete &scratch;
            return;
        }
        scratch.next = std::exchange(free_, &scratch);
        ++count_;
    }

private:
    AsioScratch* free_ = nullptr;
    std::size_t count_ = 0;
};

// For what Asio allocates for an operation: mostly one object at a time. Without a scratch for operations that other OS
// threads may end, which free their memory when the green thread already runs.
template <class T>
class AsioAllocator {
public:
    using value_type = T;

    explicit AsioAllocator(AsioScratch* scratch) noexcept : scratch_(scratch) {}
    template <class U>
    AsioAllocator(const AsioAllocator<U>& other) noexcept : scratch_(other.scratch_) {}

    T* allocate(std::size_t n) {
        constexpr bool fits = alignof(T) <= alignof(std::max_align_t);
        if (!fits || scratch_ == nullptr || scratch_->taken || n > AsioScratch::size / sizeof(T)) {
            return std::allocator<T>().allocate(n);
        }
        scratch_->taken = true;
        return reinterpret_cast<T*>(scratch_->room);
    }
    void deallocate(T* p, std::size_t n) noexcept {
        if (scratch_ == nullptr || reinterpret_cast<std::byte*>(p) != scratch_->room) {
            std::allocator<T>().deallocate(p, n);
            return;
        }
        scratch_->taken = false;
        if (scratch_->left) [[unlikely]] {
            delete scratch_;
        }
    }
    friend bool operator==(const AsioAllocator& a, const AsioAllocator& b) noexcept { return a.scratch_ == b.scratch_; }

private:
    template <class U>
    friend class AsioAllocator;
    AsioScratch* scratch_;
};

// Of one operation, on the stack of the green thread that waits for it.
template <class... Results>
struct AsioOperation {
    std::optional<std::tuple<Results...>> results;  // empty if the handler was destroyed uncalled
    Parking done_here{"a use_green operation"};     // for an io_context that asio_run() runs on this OS thread
    AsioScratches& scratches;                       // of the green thread's OS thread
    AsioScratch& scratch = scratches.take();
    SharedEvent* const done_there;  // for any other io_context; else nullptr

    AsioOperation(AsioScratches& all, SharedEvent* there) : scratches(all), done_there(there) {
        scratch.here = there == nullptr;
    }
    AsioOperation(const AsioOperation&) = delete;
    AsioOperation& operator=(const AsioOperation&) = delete;
    ~AsioOperation() { scratches.give_back(scratch); }

    void finish(bool here) { here ? done_here.wake() : done_there->set(); }
};

// Asio has one of it at a time, and calls or destroys it.
template <class... Results>
class AsioHandler {
public:
    using cancellation_slot_type = AsioCancellationSlot;
    using allocator_type = AsioAllocator<std::byte>;

    explicit AsioHandler(AsioOperation<Results...>& operation) noexcept
        : operation_(&operation), scratch_(&operation.scratch) {}
    AsioHandler(AsioHandler&& other) noexcept
        : operation_(std::exchange(other.operation_, nullptr)), scratch_(other.scratch_) {}
    AsioHandler& operator=(AsioHandler&&) = delete;
    ~AsioHandler() {
        if (operation_ != nullptr) {
            operation_->finish(scratch_->here);
        }
    }

    template <class... A>
    void operator()(A&&... results) {
        AsioOperation<Results...>& operation = *std::exchange(operation_, nullptr);
        const bool here = scratch_->here;
        const bool switches = here && operation.scratches.in_handlers;
        operation.results.emplace(std::forward<A>(results)...);
        operation.finish(here);  // the last use of it
        if (switches) {
            yield();  // to it at once, while what was read is in the processor's cache
        }
    }

    cancellation_slot_type get_cancellation_slot() const noexcept {
        return AsioCancellationSlot(scratch_->cancellation);
    }
    // What a green thread begins inside of a handler, Asio may queue without its lock.
    friend bool asio_handler_is_continuation(AsioHandler* handler) noexcept {
        return handler->scratch_->here && handler->operation_->scratches.in_handlers;
    }
    allocator_type get_allocator() const noexcept { return allocator_type(scratch_->here ? scratch_ : nullptr); }

private:
    AsioOperation<Results...>* operation_;
    AsioScratch* scratch_;  // the operation's: what Asio asks for before it calls touches no cold line of its stack
};

// Sets an event when it is called or destroyed, after the cancellation.
template <class... Results>
class AsioCancel {
public:
    AsioCancel(AsioOperation<Results...>& operation, SharedEvent& gone) noexcept
        : operation_(&operation), gone_(&gone) {}
    AsioCancel(AsioCancel&& other) noexcept
        : operation_(other.operation_), gone_(std::exchange(other.gone_, nullptr)) {}
    AsioCancel& operator=(AsioCancel&&) = delete;
    ~AsioCancel() {
        if (gone_ != nullptr) {
            gone_->set();
        }
    }
    void operator()() { operation_->scratch.cancellation.emit(asio::cancellation_type::terminal); }

private:
    AsioOperation<Results...>* operation_;
    SharedEvent* gone_;
};

// Its operations are cancelled by this OS thread, which alone runs the io_context.
template <class... Results>
TENDRIL_INLINE_WAIT inline void asio_wait_here(AsioOperation<Results...>& operation) {
    try {
        operation.done_here.wait_here("use_green");
    } catch (...) {
        const Shield shield;  // until the operation has let go of the caller's buffers
        if (!operation.done_here.woken()) {
            operation.scratch.cancellation.emit(asio::cancellation_type::terminal);
        }
        operation.done_here.wait("use_green");
        throw;
    }
}

template <class Executor, class... Results>
void asio_wait_there(AsioOperation<Results...>& operation, const std::optional<Executor>& executor) {
    try {
        operation.done_there->wait();
    } catch (...) {
        const Shield shield;
        if (executor) {
            SharedEvent gone;
            asio::post(*executor, AsioCancel<Results...>(operation, gone));
            gone.wait();
        }
        operation.done_there->wait();
        throw;
    }
}

}  // namespace tendril::detail
