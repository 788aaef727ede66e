// SPDX-License-Identifier: MIT
// Floor: http
//
// Trace: which request this is part of, across programs: W3C Trace Context (the headers traceparent and tracestate).
//
//     http::serve(listener, handle, {.trace = true});
//
// The server takes the client's trace, or begins one. The handler, and all green threads and offloaded jobs that work
// for it, see it as Trace::current() (a ContextLocal). An http::Client used there sends it on, each request with a span
// of its own; the access log has it as {trace_id}. No spans are recorded or sent to a collector: a library that does
// so finds the ids here, and whether the trace is sampled: whether it is to be recorded. A client's trace keeps the
// client's decision; for one that begins here, ServerOptions::trace_sampler decides:
//
//     http::serve(listener, handle, {.trace = true, .trace_sampler = 0.01});    // one in a hundred

#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <tendril/context_local.hpp>

namespace tendril::http {

class Request;

struct Trace {
    std::array<std::uint8_t, 16> trace_id{};  // not all 0
    std::array<std::uint8_t, 8> span_id{};    // not all 0; traceparent calls it the parent
    std::uint8_t flags = 0;                   // bit 0: sampled
    std::string state;                        // tracestate: a list of "vendor=value"; passed on as it is

    // Begins a new one, with random ids; sampled, if the rate selects it: see selected().
    // Throws: std::invalid_argument for a rate outside of 0 to 1.
    static Trace begin(double rate = 0);

    // Reads what a peer sent. A state longer than 512 bytes, of more than 32 members, or not of printable ASCII, is
    // dropped.
    // Returns: nothing if the traceparent is not valid; a receiver then begins a new trace.
    static std::optional<Trace> parse(std::string_view traceparent, std::string_view tracestate = {});

    // Returns a span of its own in the same trace.
    Trace child() const;

    bool sampled() const noexcept { return (flags & 1) != 0; }  // whether the trace is recorded
    // Sets whether it is.
    void set_sampled(bool on) noexcept { flags = static_cast<std::uint8_t>(on ? flags | 1 : flags & ~1); }

    // Whether a sampling rate selects this trace: 0 selects none of them, 0.01 one in a hundred, 1 all. It depends on
    // the id alone, its last 56 bits, as in OpenTelemetry: every program with the same rate selects the same traces,
    // and one with a higher rate those too. Throws: std::invalid_argument for a rate outside of 0 to 1.
    bool selected(double rate) const;

    std::string traceparent() const;    // "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    std::string trace_id_text() const;  // 32 hexadecimal digits

    // Returns that of the running green thread, or nullptr. Valid while it is the current one.
    static const Trace* current();

    // While it lives, this trace is the current one of the green thread that made it, and of what that spawns.
    class Scope {
    public:
        explicit Scope(Trace trace);  // sets the trace until the end of the block

    private:
        ContextLocal<Trace>::Scope scope_;
    };
};

// Decides which of the traces that begin at a server are sampled: by a rate, or by a function of yours.
//
//     .trace_sampler = 0.01
//     .trace_sampler = [](const Trace& begun, const Request& request) {
//         return request.path() != "/health" && begun.selected(0.01);
//     }
class TraceSampler {
public:
    // Whether to sample a trace that begins with this request.
    using Decide = std::function<bool(const Trace& begun, const Request& request)>;

    TraceSampler() noexcept = default;  // samples none

    // As Trace::selected(). Throws: std::invalid_argument for a rate outside of 0 to 1.
    template <class Rate>
    requires(std::is_arithmetic_v<Rate> && !std::same_as<Rate, bool>) TraceSampler(Rate rate)
        : TraceSampler(of_rate(static_cast<double>(rate))) {}  // implicit on purpose

    // The server calls it once for each trace that it begins, before the handler, on the connection's green thread, so
    // with several hubs in several OS threads at once. What it throws counts as thrown by the handler.
    // Throws: std::invalid_argument if it is an empty function.
    template <class F>
    requires(!std::same_as<F, TraceSampler> && std::predicate<F&, const Trace&, const Request&>) TraceSampler(F decide)
        : decide_(checked(std::move(decide))) {}  // implicit on purpose

    // Whether this one is sampled.
    bool operator()(const Trace& begun, const Request& request) const { return decide_ && decide_(begun, request); }

private:
    static TraceSampler of_rate(double rate);
    static Decide checked(Decide decide);
    Decide decide_;
};

}  // namespace tendril::http
