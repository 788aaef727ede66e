// SPDX-License-Identifier: MIT

#include <tendril/http/trace.hpp>

#include <openssl/rand.h>

#include <algorithm>
#include <span>
#include <stdexcept>
#include <utility>

namespace tendril::http {

namespace {

constexpr std::size_t longest_state = 512;
constexpr std::ptrdiff_t most_members = 32;  // of a tracestate: W3C Trace Context, 3.3.1.1
constexpr std::size_t size_of_00 = 55;

const ContextLocal<Trace>& variable() {
    static const ContextLocal<Trace> one;
    return one;
}

void fill(std::span<std::uint8_t> id) {
    do {
        if (RAND_bytes(id.data(), static_cast<int>(id.size())) != 1) {
            throw std::runtime_error("no random numbers for the id of a trace");
        }
    } while (std::all_of(id.begin(), id.end(), [](std::uint8_t byte) { return byte == 0; }));
}

void append_hex(std::string& text, std::span<const std::uint8_t> bytes) {
    for (const std::uint8_t byte : bytes) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
}

// Lower case only, as the specification demands. Returns: -1 for another character.
int digit(char c) noexcept {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool read_hex(std::string_view text, std::span<std::uint8_t> into) noexcept {
    for (std::size_t i = 0; i < into.size(); ++i) {
        const int high = digit(text[2 * i]);
        const int low = digit(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        into[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return true;
}

// Whether a header can carry it: from a peer by another way than HTTP it may be anything.
bool is_printable(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) { return (c >= ' ' && c < 0x7f) || c == '\t'; });
}

void check_rate(double rate) {
    if (!(rate >= 0 && rate <= 1)) {
        throw std::invalid_argument("a sampling rate of " + std::to_string(rate) +
                                    " makes no sense: it must be 0 (none) to 1 (all)");
    }
}

bool any(std::span<const std::uint8_t> id) noexcept {
    return std::any_of(id.begin(), id.end(), [](std::uint8_t byte) { return byte != 0; });
}

}  // namespace

Trace Trace::begin(double rate) {
    check_rate(rate);
    Trace made;
    fill(made.trace_id);
    fill(made.span_id);
    made.set_sampled(made.selected(rate));
    return made;
}

// As OpenTelemetry's consistent probability sampling has it: the last 56 bits of the id are at least (1 - rate) of all.
bool Trace::selected(double rate) const {
    check_rate(rate);
    const auto least = static_cast<std::uint64_t>((1 - rate) * 0x1p56);
    std::uint64_t random = 0;
    for (std::size_t i = trace_id.size() - 7; i < trace_id.size(); ++i) {
        random = random << 8 | trace_id[i];
    }
    return random >= least;
}

std::optional<Trace> Trace::parse(std::string_view traceparent, std::string_view tracestate) {
    Trace read;
    std::array<std::uint8_t, 1> version{};
    std::array<std::uint8_t, 1> flags{};
    if (traceparent.size() < size_of_00 || traceparent[2] != '-' || traceparent[35] != '-' || traceparent[52] != '-' ||
        !read_hex(traceparent, version) || !read_hex(traceparent.substr(3), read.trace_id) ||
        !read_hex(traceparent.substr(36), read.span_id) || !read_hex(traceparent.substr(53), flags)) {
        return std::nullopt;
    }
    // A later version begins in the same way, and may go on after a "-".
    const bool more = traceparent.size() > size_of_00;
    if (version[0] == 0xff || (more && (version[0] == 0 || traceparent[size_of_00] != '-')) || !any(read.trace_id) ||
        !any(read.span_id)) {
        return std::nullopt;
    }
    read.flags = flags[0] & 1;
    if (tracestate.size() <= longest_state && is_printable(tracestate) &&
        std::count(tracestate.begin(), tracestate.end(), ',') < most_members) {
        read.state = tracestate;
    }
    return read;
}

Trace Trace::child() const {
    Trace made = *this;
    fill(made.span_id);
    return made;
}

std::string Trace::traceparent() const {
    std::string text = "00-";
    append_hex(text, trace_id);
    text += '-';
    append_hex(text, span_id);
    text += '-';
    append_hex(text, std::span(&flags, 1));
    return text;
}

std::string Trace::trace_id_text() const {
    std::string text;
    append_hex(text, trace_id);
    return text;
}

const Trace* Trace::current() {
    return variable().get_if();
}

TraceSampler TraceSampler::of_rate(double rate) {
    check_rate(rate);
    return [rate](const Trace& begun, const Request&) { return begun.selected(rate); };
}

TraceSampler::Decide TraceSampler::checked(Decide decide) {
    if (!decide) {
        throw std::invalid_argument("a TraceSampler of an empty function; leave it out to sample no trace");
    }
    return decide;
}

Trace::Scope::Scope(Trace trace) : scope_(variable(), std::move(trace)) {}

}  // namespace tendril::http
