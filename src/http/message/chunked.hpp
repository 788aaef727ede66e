// SPDX-License-Identifier: MIT
//
// ChunkedDecoder: the chunked transfer coding, RFC 9112, 7.1. Pure, resumable at any byte.
//
// Strict: sizes are hexadecimal digits and nothing else, lines end with CRLF. Extensions are skipped. They and the
// trailers are bounded, so a peer can neither make us hold much nor send little data at great cost.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <tendril/http/headers.hpp>

namespace tendril::http::detail {

class ChunkedDecoder {
public:
    // Takes everything that is not data from the front of `in`, until data comes (data_left() > 0), the body has ended
    // or `in` is used up.
    // Throws: ProtocolError; the decoder cannot be used any more then.
    void advance(std::string_view& in);

    // data_left() returns how much of the current chunk's data is still to come; took() notes that n bytes of it were
    // taken.
    std::uint64_t data_left() const noexcept { return state_ == State::data ? left_ : 0; }
    void took(std::uint64_t n) noexcept;

    bool ended() const noexcept { return state_ == State::ended; }
    const Headers& trailers() const noexcept { return trailers_; }
    Headers& trailers() noexcept { return trailers_; }

private:
    enum class State : std::uint8_t { size, extension, size_lf, data, data_cr, data_lf, trailers, ended };
    // The position in an extension: `; name = value`, with blanks anywhere except inside words.
    enum class Extension : std::uint8_t { behind, before_name, name, after_name, before_value, value, quoted, escaped };

    void take_size(char c);
    void take_extension(char c);
    void step_extension(char c);
    void end_size_line();
    void take_trailers(std::string_view& in);
    void end_trailers();

    static constexpr std::size_t most_overhead = std::size_t{16} * 1024;
    static constexpr std::size_t most_trailers = std::size_t{16} * 1024;
    static constexpr std::size_t most_trailer_fields = 100;

    State state_ = State::size;
    Extension extension_ = Extension::behind;
    bool after_blank_ = false;  // in an extension: a blank must be followed by more of it
    unsigned digits_ = 0;
    std::uint64_t left_ = 0;
    std::uint64_t overhead_ = 0;  // bytes of size lines beyond the usual amount for this much data
    std::uint64_t line_ = 0;      // bytes of this size line
    std::string trailer_text_;
    Headers trailers_;
};

}  // namespace tendril::http::detail
