// SPDX-License-Identifier: MIT
//
// TimedOut: how a call ended that its deadline broke off, and the TimeoutError that says so. Any OS thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <tendril/error.hpp>

namespace tendril::detail {

struct TimedOut {
    static constexpr std::int64_t no_wait = -1;

    std::int64_t waited_ns = no_wait;  // for the last; no_wait: it asked its deadline between two rounds
    std::size_t done = 0;
    std::size_t whole = 0;  // the total of `done`; 0: not known
    const char* unit = "bytes";
};

// Three digits: "2 s", "1.98 s", "150 ms", "12.5 us".
std::string short_duration(std::int64_t ns);

// doing + ": timed out after 2 s", or ": timed out, 10 of 20 bytes done, then nothing for 2 s".
std::string timeout_text_of(std::string doing, const TimedOut& how);

// make() returns the whole text. It is called by what(), in any OS thread, perhaps when all that took part has gone: it
// holds by value what it needs.
template <class Make>
class LateTimeoutText final : public TimeoutText {
public:
    explicit LateTimeoutText(Make how_to) : make_(std::move(how_to)) {}

private:
    std::string make() const override { return make_(); }
    const Make make_;
};

// Throws the TimeoutError. doing(), as make() above, returns what was broken off: "connect to 10.0.0.1:80".
template <class Doing>
[[noreturn]] void time_out(TimedOut how, Doing doing) {
    auto make = [how, doing = std::move(doing)] { return timeout_text_of(doing(), how); };
    throw TimeoutError(std::make_shared<const LateTimeoutText<decltype(make)>>(std::move(make)), how.done);
}
[[noreturn]] void time_out(TimedOut how, const char* doing);

// The same for a call that consists of others, of which `inner` broke one off.
template <class Doing>
[[noreturn]] void time_out_amid(const TimeoutError& inner, Doing doing, std::size_t done = 0) {
    auto make = [inner, doing = std::move(doing)] { return doing() + ": " + inner.what(); };
    throw TimeoutError(std::make_shared<const LateTimeoutText<decltype(make)>>(std::move(make)), done);
}

}  // namespace tendril::detail
