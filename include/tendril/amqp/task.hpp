// SPDX-License-Identifier: MIT
// Floor: amqp
//
// Task: a function with a name, by which a Pool (pool.hpp) in one program has it run by a Worker (worker.hpp) in
// another.
//
//     Page fetch(const std::string& url);
//     inline constexpr amqp::Task fetch_page("fetch", fetch, {.retries = 3});      // in a header of both programs
//
// It is callable as its function is, so tendril::Pool takes it too. Only the name and the arguments travel, no code: a
// worker runs what is in its own list. Arguments and result are copied by their Codecs (codec.hpp); several arguments
// at once need msgpack.hpp.
//
// A task is executed at least once: again when its worker dies in the middle. What must not happen twice is keyed by
// current_task().id.

#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tendril/amqp/codec.hpp>
#include <tendril/amqp/message.hpp>
#include <tendril/duration.hpp>

namespace tendril::amqp {

// Options of a Task.
struct TaskOptions {
    // How often it is tried again after an exception, and after which time; it doubles, and is rounded to 1 s, 10 s,
    // 1 min or 10 min. The broker keeps those that wait.
    std::uint32_t retries = 0;
    Duration backoff = std::chrono::seconds(1);
    // After this time its run is ended by a Timeout. A broker takes a message back after 30 min by default: a longer
    // limit needs TaskQueueOptions::consumer_timeout, or at_most_once.
    Duration limit = std::chrono::minutes(25);
    // Acked before it runs: it is lost with its worker, and who waits for its result needs a deadline.
    bool at_most_once = false;
};

template <class Signature>
class Task;

template <class R, class... A>
class Task<R(A...)> {
public:
    using Result = std::decay_t<R>;                    // what a call returns
    using Arguments = std::tuple<std::decay_t<A>...>;  // what a call takes

    // A task by its name in the queue, which must stay when the program changes.
    constexpr Task(std::string_view name, R (*function)(A...), const TaskOptions& options = {})
        : name_(name), function_(function), options_(options) {}

    // Calls the function here and now.
    R operator()(A... arguments) const { return function_(std::forward<A>(arguments)...); }

    constexpr std::string_view name() const noexcept { return name_; }          // its name in the queue
    constexpr const TaskOptions& options() const noexcept { return options_; }  // its options

private:
    std::string_view name_;
    R (*function_)(A...);
    TaskOptions options_;
};

template <class R, class... A>
Task(std::string_view, R (*)(A...)) -> Task<R(A...)>;  // deduces the function's type
template <class R, class... A>
Task(std::string_view, R (*)(A...), TaskOptions) -> Task<R(A...)>;  // deduces the function's type

// What can run elsewhere: a Task, or what is like one.
template <class T>
concept Named = requires(const T& task) {
    typename T::Result;
    typename T::Arguments;
    { task.name() } -> std::convertible_to<std::string_view>;
    { task.options() } -> std::convertible_to<TaskOptions>;
};

// Of the task that the calling green thread runs for a Worker.
struct CurrentTask {
    std::string id;             // the same each time that it is tried
    std::uint32_t attempt = 1;  // 2: after one that threw
    bool redelivered = false;   // it may have been begun before, by a worker that is gone
};
// Throws: std::logic_error outside of a task.
const CurrentTask& current_task();

// Tells the requester how far the task is, from 0 to 1. It may be lost. Yields: a second at most, until it can be sent.
// Outside of a Worker, as in a local Pool, it does nothing.
void progress(double done);

namespace detail {

// Arguments and results as messages: one by its own Codec, several as a tuple, none as an empty body.
template <class Tuple>
struct ArgumentsCodec;
template <>
struct ArgumentsCodec<std::tuple<>> {
    static void encode(const std::tuple<>& /*none*/, Message& /*message*/) {}
    static std::tuple<> decode(const Message& /*message*/) { return {}; }
};
template <class A>
struct ArgumentsCodec<std::tuple<A>> {
    static void encode(const std::tuple<A>& arguments, Message& message) {
        check_codec<A>();
        Codec<A>::encode(std::get<0>(arguments), message);
    }
    static std::tuple<A> decode(const Message& message) { return std::tuple<A>(Codec<A>::decode(message)); }
};
template <class A, class B, class... C>
struct ArgumentsCodec<std::tuple<A, B, C...>> {
    using Tuple = std::tuple<A, B, C...>;
    static void encode(const Tuple& arguments, Message& message) {
        check_codec<Tuple>();
        Codec<Tuple>::encode(arguments, message);
    }
    static Tuple decode(const Message& message) { return Codec<Tuple>::decode(message); }
};

template <class R>
R decode_result(const Message& message) {
    if constexpr (!std::is_void_v<R>) {
        check_codec<R>();
        return Codec<R>::decode(message);
    }
}

}  // namespace detail

// A Task without its types, for a Worker's list. Implicitly made of one.
class AnyTask {
public:
    // Of a Task, which must outlive it.
    template <Named T>
    AnyTask(const T& task)
        : name_(task.name()), options_(task.options()),
          run_([task](const Message& request) { return run(task, request); }) {}

    const std::string& name() const noexcept { return name_; }        // its name in the queue
    const TaskOptions& options() const noexcept { return options_; }  // its options

    // Runs it with the arguments of a request. Returns: a message with the result. Throws: DecodeError when the
    // arguments do not fit; what the function throws.
    Message operator()(const Message& request) const { return run_(request); }

private:
    template <class T>
    static Message run(const T& task, const Message& request) {
        using R = typename T::Result;
        auto arguments = detail::ArgumentsCodec<typename T::Arguments>::decode(request);
        Message result;
        if constexpr (std::is_void_v<R>) {
            std::apply(task, std::move(arguments));
        } else {
            detail::check_codec<R>();
            Codec<R>::encode(std::apply(task, std::move(arguments)), result);
        }
        return result;
    }

    std::string name_;
    TaskOptions options_;
    std::function<Message(const Message&)> run_;
};

}  // namespace tendril::amqp
