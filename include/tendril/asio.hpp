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

#include <asio/async_result.hpp>
#include <asio/error.hpp>
#include <asio/execution/context.hpp>
#include <asio/io_context.hpp>
#include <asio/query.hpp>
#include <asio/system_error.hpp>

#include <exception>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tendril/detail/sync/asio_loop.hpp>
#include <tendril/detail/sync/asio_operation.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/shared_event.hpp>
#include <tendril/shield.hpp>

namespace tendril {

// The completion token. Any OS thread may use it; the call must be made in a green thread.
struct UseGreen {
    asio::error_code* code = nullptr;  // gets the error in place of an exception
    // Use_green[code]: an error goes there, and is not thrown.
    constexpr UseGreen operator[](asio::error_code& into) const noexcept { return {&into}; }
};
inline constexpr UseGreen use_green{};  // the completion token without an error code: errors are thrown

namespace detail {

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

// Tells Asio what a call with use_green does: it waits, and returns the results.
template <class... Args>
class asio::async_result<tendril::UseGreen, void(Args...)> {
public:
    // Inlined, as the wait in it: see detail/hub/suspend.hpp.
    template <class Initiation, class... A>
    TENDRIL_INLINE_WAIT static auto initiate(Initiation&& initiation, tendril::UseGreen token, A&&... arguments) {
        auto& scratches = tendril::detail::AsioScratches::here();
        if (runs_in(scratches.runs_here, initiation)) {
            Operation operation(scratches, nullptr);
            std::forward<Initiation>(initiation)(Handler(operation), std::forward<A>(arguments)...);
            tendril::detail::asio_wait_here(operation);
            return tendril::detail::asio_unwrap(token, results_of(operation));
        }
        return initiate_there(scratches, std::forward<Initiation>(initiation), token, std::forward<A>(arguments)...);
    }

private:
    using Operation = tendril::detail::AsioOperation<std::decay_t<Args>...>;
    using Handler = tendril::detail::AsioHandler<std::decay_t<Args>...>;

    // For an io_context that other OS threads may run.
    template <class Initiation, class... A>
    static auto initiate_there(tendril::detail::AsioScratches& scratches, Initiation&& initiation,
                               tendril::UseGreen token, A&&... arguments) {
        const auto executor = executor_of(initiation);
        tendril::SharedEvent done;
        Operation operation(scratches, &done);
        std::forward<Initiation>(initiation)(Handler(operation), std::forward<A>(arguments)...);
        tendril::detail::asio_wait_there(operation, executor);
        return tendril::detail::asio_unwrap(token, results_of(operation));
    }
    static std::tuple<std::decay_t<Args>...>&& results_of(Operation& operation) {
        if (!operation.results) {
            throw asio::system_error(asio::error::operation_aborted, "the io_context was destroyed");
        }
        return std::move(*operation.results);
    }
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
    static bool runs_in([[maybe_unused]] const asio::execution_context* loop,
                        [[maybe_unused]] const Initiation& initiation) {
        if constexpr (requires { asio::query(initiation.get_executor(), asio::execution::context); }) {
            return loop != nullptr && &asio::query(initiation.get_executor(), asio::execution::context) == loop;
        } else {
            return false;
        }
    }
};
