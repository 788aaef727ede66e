// SPDX-License-Identifier: MIT
// Floor: sync
//
// Green threads and Asio, Debian's libasio-dev (standalone, 1.20 or later), for programs that have both.
//
// use_green is a completion token: the operation parks the green thread that calls it, and returns its result.
//
//     std::size_t n = asio::async_read(socket, asio::buffer(data), tendril::use_green);
//
// It throws asio::system_error for an error_code; use_green[code] stores the code instead, unless the io_context was
// destroyed with the operation in it. The io_context may run on other OS threads. With asio_run() it runs on this one
// alone, with the hub inside it, which costs no lock and no system call for a switch:
//
//     asio::io_context io;
//     tendril::asio_run(io, [&] { serve(io); });          // and whatever serve() spawns
//
// A kill or a Timeout cancels the operation (cancellation_type::terminal) and is thrown when the operation has ended,
// because until then it may use the caller's buffers. What it had done by then is lost, as where Asio cancels. It ends
// when its io_context runs: one that is stopped must be run or destroyed, else the green thread waits for it.
//
// Example: examples/asio_echo.cpp; docs/design/0018-bridges.md

#pragma once

#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/error.hpp>
#include <asio/execution/context.hpp>
#include <asio/execution_context.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/query.hpp>
#include <asio/steady_timer.hpp>
#include <asio/system_error.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/shared_event.hpp>
#include <tendril/shield.hpp>

namespace tendril {

// The completion token. Any OS thread may use it; the call must be made in a green thread.
struct UseGreen {
    asio::error_code* code = nullptr;  // gets the error in place of an exception
    constexpr UseGreen operator[](asio::error_code& into) const noexcept { return {&into}; }
};
inline constexpr UseGreen use_green{};

namespace detail {

// What an operation needs of memory, kept from one to the next: Asio's own cache is only for code inside of run().
struct AsioScratch {
    asio::cancellation_signal cancellation;
    AsioScratch* next = nullptr;
    bool taken = false;
    static constexpr std::size_t size = 384;
    alignas(std::max_align_t) std::byte room[size];
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
        if (count_ == most) {
            delete &scratch;
            return;
        }
        // In place of what cancels the operation that has ended, and in its memory.
        scratch.cancellation.slot().assign([](asio::cancellation_type) {});
        scratch.next = std::exchange(free_, &scratch);
        ++count_;
    }

private:
    AsioScratch* free_ = nullptr;
    std::size_t count_ = 0;
};

// For what Asio allocates for an operation: mostly one object at a time.
template <class T>
class AsioAllocator {
public:
    using value_type = T;

    explicit AsioAllocator(AsioScratch& scratch) noexcept : scratch_(&scratch) {}
    template <class U>
    AsioAllocator(const AsioAllocator<U>& other) noexcept : scratch_(other.scratch_) {}

    T* allocate(std::size_t n) {
        if (scratch_->taken || n * sizeof(T) > AsioScratch::size) {
            return std::allocator<T>().allocate(n);
        }
        scratch_->taken = true;
        return reinterpret_cast<T*>(scratch_->room);
    }
    void deallocate(T* p, std::size_t n) noexcept {
        if (reinterpret_cast<std::byte*>(p) == scratch_->room) {
            scratch_->taken = false;
        } else {
            std::allocator<T>().deallocate(p, n);
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
    Event done_here;                                // for an io_context that asio_run() runs on this OS thread
    std::optional<SharedEvent> done_there;          // for any other
    std::optional<std::tuple<Results...>> results;  // empty if the handler was destroyed uncalled
    AsioScratch& scratch = AsioScratches::here().take();

    explicit AsioOperation(bool here) {
        if (!here) {
            done_there.emplace();
        }
    }
    AsioOperation(const AsioOperation&) = delete;
    AsioOperation& operator=(const AsioOperation&) = delete;
    ~AsioOperation() { AsioScratches::here().give_back(scratch); }

    void finish() { done_there ? done_there->set() : done_here.set(); }
};

// Asio has one of it at a time, and calls or destroys it.
template <class... Results>
class AsioHandler {
public:
    using cancellation_slot_type = asio::cancellation_slot;
    using allocator_type = AsioAllocator<std::byte>;

    explicit AsioHandler(AsioOperation<Results...>& operation) noexcept : operation_(&operation) {}
    AsioHandler(AsioHandler&& other) noexcept : operation_(std::exchange(other.operation_, nullptr)) {}
    AsioHandler& operator=(AsioHandler&&) = delete;
    ~AsioHandler() {
        if (operation_ != nullptr) {
            operation_->finish();
        }
    }

    template <class... A>
    void operator()(A&&... results) {
        AsioOperation<Results...>& operation = *std::exchange(operation_, nullptr);
        operation.results.emplace(std::forward<A>(results)...);
        operation.finish();  // the last use of it
        // At once, while what was read is in the processor's cache.
        if (AsioScratches::here().in_handlers) {
            yield();
        }
    }

    cancellation_slot_type get_cancellation_slot() const noexcept { return operation_->scratch.cancellation.slot(); }
    // What a green thread begins inside of a handler, Asio may queue without its lock.
    friend bool asio_handler_is_continuation(AsioHandler*) noexcept { return AsioScratches::here().in_handlers; }
    allocator_type get_allocator() const noexcept { return allocator_type(operation_->scratch); }

private:
    AsioOperation<Results...>* operation_;
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
void asio_wait_here(AsioOperation<Results...>& operation) {
    try {
        operation.done_here.wait();
    } catch (...) {
        const Shield shield;  // until the operation has let go of the caller's buffers
        if (!operation.done_here.is_set()) {
            operation.scratch.cancellation.emit(asio::cancellation_type::terminal);
        }
        operation.done_here.wait();
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

// Without a first error: nothing, the one result, or a tuple of them.
inline void asio_result(std::tuple<>&&) {}
template <class T>
T asio_result(std::tuple<T>&& one) {
    return std::get<0>(std::move(one));
}
template <class... T>
requires(sizeof...(T) > 1) std::tuple<T...> asio_result(std::tuple<T...>&& all) {
    return std::move(all);
}

template <class First, class... Rest>
auto asio_unwrap(UseGreen token, std::tuple<First, Rest...>&& all) {
    return std::apply(
        [&](First&& first, Rest&&... rest) {
            if constexpr (std::is_same_v<First, asio::error_code>) {
                if (token.code != nullptr) {
                    *token.code = first;
                } else if (first) {
                    throw asio::system_error(first);
                }
                return asio_result(std::tuple<Rest...>(std::move(rest)...));
            } else if constexpr (std::is_same_v<First, std::exception_ptr>) {
                if (first != nullptr) {
                    std::rethrow_exception(first);
                }
                return asio_result(std::tuple<Rest...>(std::move(rest)...));
            } else {
                return asio_result(std::tuple<First, Rest...>(std::move(first), std::move(rest)...));
            }
        },
        std::move(all));
}
inline void asio_unwrap(UseGreen, std::tuple<>&&) {}

// Asio's loop around the hub, in one OS thread.
class AsioLoop {
public:
    explicit AsioLoop(asio::io_context& io) : io_(io), events_(io, hub_.descriptor()), timer_(io) {
        AsioScratches::here().runs_here = &io;
    }
    AsioLoop(const AsioLoop&) = delete;
    AsioLoop& operator=(const AsioLoop&) = delete;
    ~AsioLoop() {
        AsioScratches::here().runs_here = nullptr;
        events_.release();  // it is the hub's
        timer_.cancel();
        const std::shared_ptr<bool> gone = gone_;
        *gone = true;
    }

    template <class Done>
    void run(Done done) {
        due_ = true;
        while (!done() && !io_.stopped()) {
            due_ ? static_cast<void>(hub_.turn()) : hub_.run_ready();
            const Deadline next = hub_.next_turn();
            due_ = next.ns() == 0;  // there is more to do
            const InHandlers in_handlers;
            if (!done() && poll() == 0 && !due_) {
                watch();
                await(next);
                io_.run_one();
            }
        }
    }

private:
    // The blocking watch looks at handlers, since they hold the hub, but not at the sleep in run_one().
    std::size_t poll() {
        struct Inside {
            Hub& hub;
            explicit Inside(Hub& h) noexcept : hub(h) { hub.set_outside(false); }
            Inside(const Inside&) = delete;
            Inside& operator=(const Inside&) = delete;
            ~Inside() { hub.set_outside(true); }
        } const inside(hub_);
        return io_.poll();
    }
    struct InHandlers {
        bool& flag = AsioScratches::here().in_handlers;
        InHandlers() noexcept { flag = true; }
        InHandlers(const InHandlers&) = delete;
        InHandlers& operator=(const InHandlers&) = delete;
        ~InHandlers() { flag = false; }
    };

    // Until the hub has events. The hub gets its turn in the handler: poll() returns only when nothing is left to do.
    void watch() {
        if (!watching_) {
            watching_ = true;
            events_.async_wait(asio::posix::stream_descriptor::wait_read,
                               [this, gone = gone_](const asio::error_code&) {
                                   if (!*gone) {
                                       watching_ = false;
                                       static_cast<void>(hub_.turn());
                                   }
                               });
        }
    }
    // Until one of its timers is due.
    void await(Deadline next) {
        if (next == armed_) {
            return;
        }
        armed_ = next;
        if (next.is_never()) {
            timer_.cancel();
            return;
        }
        timer_.expires_at(asio::steady_timer::time_point(std::chrono::nanoseconds(next.ns())));
        timer_.async_wait([this, gone = gone_](const asio::error_code& error) {
            if (!error && !*gone) {
                armed_ = never;
                static_cast<void>(hub_.turn());
            }
        });
    }

    Hub& hub_ = Hub::current();
    asio::io_context& io_;
    asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(io_);
    asio::posix::stream_descriptor events_;
    asio::steady_timer timer_;
    bool due_ = true;  // for a turn of the hub
    bool watching_ = false;
    Deadline armed_;
    std::shared_ptr<bool> gone_ = std::make_shared<bool>(false);
};

}  // namespace detail

// Runs f() in a green thread, and the io_context and this hub on this OS thread, until f has returned. No other OS
// thread may run the io_context meanwhile: WrongThread comes out of its run(). The io_context is restarted first, and
// stopped at the end. Green threads that f leaves behind wait for their operations until it runs again. If somebody
// stops it before, or the caller is timed out, f is killed, and both loops go on until it has ended.
// Returns: f's result. Throws: what f throws; as Greenlet::get() for a killed one; std::system_error (ENOTSUP) on the
// backends poll and select; HubBlocked in a callback; what a handler throws; Interrupt. To be called on the main green
// thread, once at a time.
template <class F>
auto asio_run(asio::io_context& io, F&& f) {
    struct Stop {
        asio::io_context& io;
        ~Stop() { io.stop(); }
    };
    io.restart();
    detail::AsioLoop loop(io);
    const auto running = spawn({.name = "asio_run"}, [&io, f = std::forward<F>(f)]() mutable {
        const Stop at_end{io};  // so that handlers which always have more to do end as well
        return f();
    });
    const auto end = [&] {
        const Shield shield;
        running.kill_nowait();
        while (!running.ready()) {
            io.restart();
            loop.run([&] { return running.ready(); });
        }
        io.stop();
    };
    try {
        loop.run([&] { return running.ready(); });
    } catch (...) {
        end();
        throw;
    }
    if (!running.ready()) {
        end();
    }
    return running.get();
}

}  // namespace tendril

template <class... Args>
class asio::async_result<tendril::UseGreen, void(Args...)> {
public:
    template <class Initiation, class... A>
    static auto initiate(Initiation&& initiation, tendril::UseGreen token, A&&... arguments) {
        using Handler = tendril::detail::AsioHandler<std::decay_t<Args>...>;
        const bool here = runs_here(initiation);
        tendril::detail::AsioOperation<std::decay_t<Args>...> operation(here);
        if (here) {
            std::forward<Initiation>(initiation)(Handler(operation), std::forward<A>(arguments)...);
            tendril::detail::asio_wait_here(operation);
        } else {
            const auto executor = executor_of(initiation);
            std::forward<Initiation>(initiation)(Handler(operation), std::forward<A>(arguments)...);
            tendril::detail::asio_wait_there(operation, executor);
        }
        if (!operation.results) {
            throw asio::system_error(asio::error::operation_aborted, "the io_context was destroyed");
        }
        return tendril::detail::asio_unwrap(token, std::move(*operation.results));
    }

private:
    // Where the operation may be cancelled.
    template <class Initiation>
    static auto executor_of(const Initiation& initiation) {
        if constexpr (requires { initiation.get_executor(); }) {
            return std::optional(initiation.get_executor());
        } else {
            return std::optional<asio::io_context::executor_type>();
        }
    }
    template <class Initiation>
    static bool runs_here(const Initiation& initiation) {
        if constexpr (requires { asio::query(initiation.get_executor(), asio::execution::context); }) {
            const auto* loop = tendril::detail::AsioScratches::here().runs_here;
            return loop != nullptr && &asio::query(initiation.get_executor(), asio::execution::context) == loop;
        } else {
            return false;
        }
    }
};
