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
// so finds the ids here.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tendril/context_local.hpp>

namespace tendril::http {

struct Trace {
    std::array<std::uint8_t, 16> trace_id{};  // not all 0
    std::array<std::uint8_t, 8> span_id{};    // not all 0; traceparent calls it the parent
    std::uint8_t flags = 0;                   // bit 0: sampled
    std::string state;                        // tracestate: a list of "vendor=value"; passed on as it is

    // Begins a new one, with random ids.
    static Trace begin();

    // Reads what a peer sent. A state longer than 512 bytes, or not of printable ASCII, is dropped.
    // Returns: nothing if the traceparent is not valid; a receiver then begins a new trace.
    static std::optional<Trace> parse(std::string_view traceparent, std::string_view tracestate = {});

    // Returns a span of its own in the same trace.
    Trace child() const;

    bool sampled() const noexcept { return (flags & 1) != 0; }
    std::string traceparent() const;    // "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    std::string trace_id_text() const;  // 32 hexadecimal digits

    // Returns that of the running green thread, or nullptr. Valid while it is the current one.
    static const Trace* current();

    // While it lives, this trace is the current one of the green thread that made it, and of what that spawns.
    class Scope {
    public:
        explicit Scope(Trace trace);

    private:
        ContextLocal<Trace>::Scope scope_;
    };
};

}  // namespace tendril::http
