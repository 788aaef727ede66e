// SPDX-License-Identifier: MIT
//
// What a broker sends: cut into pieces it is the same as at once; what is decoded, encoded and decoded again is the
// same; and where librabbitmq is installed, its amqp_handle_input() takes the same frames as the same, except where one
// of the two means to differ (see `meant`).

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tendril/amqp/error.hpp>

#include "amqp/protocol/content_reader.hpp"
#include "amqp/protocol/frame_reader.hpp"
#include "amqp/protocol/handshake.hpp"
#include "amqp/protocol/methods.hpp"
#include "amqp/protocol/properties.hpp"
#include "amqp/protocol/wire.hpp"

#ifdef TENDRIL_LIBRABBITMQ
#include <amqp.h>
#include <amqp_framing.h>
#endif

namespace {

using namespace tendril::amqp;
using namespace tendril::amqp::detail;

constexpr std::uint32_t frame_max = 128 * 1024;

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

struct Read {
    FrameType type;
    std::uint16_t channel;
    std::string payload;
    bool decoded;       // else it was refused
    bool as_it_came;    // encoding what was decoded gives the payload
    std::string error;  // why it was refused
    friend bool operator==(const Read&, const Read&) = default;
};

struct Input {
    std::vector<Read> frames;
    std::string error;  // of the reader
};

template <class M>
std::string encoded(const M& m) {
    std::string out;
    append_method(out, 0, m, frame_max + 4096);
    return out.substr(frame_head, out.size() - frame_overhead);
}

std::string encoded(const ContentHeader& header) {
    std::string out(measure_header(header.properties), '\0');
    write_header(out.data(), header.properties, header.body_size);
    return out;
}

void read_method(Read& read) {
    visit_method(read.payload, [&read]<class M>(const M& m) {
        const std::string once = encoded(m);
        const std::string again = encoded(decode_method<M>(once));
        check(once == again);
        read.as_it_came = once == read.payload;
    });
}

void read_header(Read& read) {
    const std::string once = encoded(decode_header(read.payload));
    check(once == encoded(decode_header(once)));
    read.as_it_came = once == read.payload;
}

Read read_frame(const Frame& frame) {
    Read read{frame.type, frame.channel, std::string(frame.payload), true, true, ""};
    try {
        if (frame.type == FrameType::method) {
            read_method(read);
        } else if (frame.type == FrameType::header) {
            read_header(read);
        }
    } catch (const ProtocolError& e) {
        read.decoded = false;
        read.error = e.what();
    }
    return read;
}

Input read_all(std::string_view bytes, std::size_t piece) {
    Input input;
    FrameReader reader;
    reader.set_frame_max(frame_max);
    try {
        while (!bytes.empty()) {
            const std::span<char> room = reader.room();
            const std::size_t n = bytes.substr(0, piece).copy(room.data(), room.size());
            reader.filled(n);
            bytes.remove_prefix(n);
            while (const auto frame = reader.next()) {
                input.frames.push_back(read_frame(*frame));
            }
            check(reader.capacity() <= frame_max);
        }
    } catch (const ProtocolError& e) {
        input.error = e.what();
    }
    return input;
}

// A message takes no more memory than twice what has come.
void assemble(const Input& input) {
    constexpr std::size_t max_message = 1000;
    ContentReader reader(max_message);
    Message message;
    std::size_t came = 0;
    try {
        for (const Read& each : input.frames) {
            if (each.type == FrameType::method && method_id(each.payload) == method::BasicDeliver::info.id) {
                reader.check_idle("another method with content");
                message = {};
                reader.begin(message);
                came = 0;
            } else if (each.type == FrameType::header || each.type == FrameType::body) {
                came += each.payload.size();
                if (reader.feed({each.type, each.channel, each.payload})) {
                    const bool too_large = reader.too_large();
                    check(too_large ? message.body.empty() : message.body.size() == reader.size());
                    check(message.body.size() <= came && message.body.size() <= max_message);
                }
            }
        }
    } catch (const ProtocolError&) {
    }
}

void shake_hands(const Input& input) {
    Handshake handshake({.user = "u", .password = "p"});
    std::string out;
    try {
        for (const Read& each : input.frames) {
            if (each.type == FrameType::method && handshake.take(each.payload, out)) {
                check(handshake.agreed().frame_max >= frame_min && handshake.agreed().channel_max > 0);
                return;
            }
        }
    } catch (const ProtocolError&) {
    } catch (const Error&) {
    }
}

#ifdef TENDRIL_LIBRABBITMQ

// Where ours refuses and theirs does not, on purpose: theirs ignores bytes behind the last field, skips what it does
// not know, takes content and heartbeats on any channel, and lets a value reach over the end of its table.
constexpr std::array<std::string_view, 14> meant{
    "behind its last field",       "levels of tables",        "which is not known",  "heartbeat with a channel",
    "content on channel 0",        "properties that AMQP",    "only basic (60)",     "agreed on are at most",
    "does not speak AMQP",         "its field headers",       "its field arguments", "its field server-properties",
    "its field client-properties", "speaks TLS on this port",
};

bool is_meant(std::string_view error) {
    for (const std::string_view each : meant) {
        if (error.find(each) != std::string_view::npos) {
            return true;
        }
    }
    return false;
}

// What it refuses and ours does not: connection.update-secret, of RabbitMQ 3.8.
bool is_newer(const Read& read) {
    if (read.type != FrameType::method) {
        return false;
    }
    const MethodId id = method_id(read.payload);
    return id == method::ConnectionUpdateSecret::info.id || id == method::ConnectionUpdateSecretOk::info.id;
}

void check_same(const Read& ours, const amqp_frame_t& theirs) {
    check(static_cast<int>(ours.type) == theirs.frame_type && ours.channel == theirs.channel);
    if (ours.type == FrameType::body) {
        check(std::string_view(static_cast<const char*>(theirs.payload.body_fragment.bytes),
                               theirs.payload.body_fragment.len) == ours.payload);
    }
    if (!ours.as_it_came) {
        return;  // a field that is reserved, spare bits, 'L' for 'l': the values are the same, and the bytes differ
    }
    std::string buffer(ours.payload.size() + 16, '\0');
    const amqp_bytes_t room{buffer.size(), buffer.data()};
    if (ours.type == FrameType::method) {
        const MethodId id = method_id(ours.payload);
        check(theirs.payload.method.id == id.number());
        const int n = amqp_encode_method(theirs.payload.method.id, theirs.payload.method.decoded, room);
        check(n >= 0 && std::string_view(buffer).substr(0, static_cast<std::size_t>(n)) ==
                            std::string_view(ours.payload).substr(4));
    } else if (ours.type == FrameType::header) {
        check(theirs.payload.properties.body_size == decode_header(ours.payload).body_size);
        const int n =
            amqp_encode_properties(theirs.payload.properties.class_id, theirs.payload.properties.decoded, room);
        check(n >= 0 && std::string_view(buffer).substr(0, static_cast<std::size_t>(n)) ==
                            std::string_view(ours.payload).substr(12));
    }
}

void compare(const Input& ours, std::string_view input) {
    if (input.starts_with("AMQP")) {
        return;  // a server's protocol header: behind another frame theirs takes it for a frame
    }
    amqp_connection_state_t state = amqp_new_connection();
    check(state != nullptr);
    // It can be tuned only after its first frame, and loses the eighth byte of that: here a body's.
    std::string fed("\3\0\1\0\0\0\2xx\xce", 10);
    fed += input;
    std::string_view bytes = fed;
    bool tuned = false;
    std::size_t i = 0;
    while (!bytes.empty()) {
        amqp_frame_t frame{};
        const int n = amqp_handle_input(state, {bytes.size(), const_cast<char*>(bytes.data())}, &frame);
        const Read* const read = i < ours.frames.size() ? &ours.frames[i] : nullptr;
        if (n < 0) {
            check(read == nullptr ? !ours.error.empty() : !read->decoded || is_newer(*read));
            break;
        }
        bytes.remove_prefix(static_cast<std::size_t>(n));
        if (frame.frame_type == 0) {
            if (n == 0) {
                break;
            }
            continue;
        }
        if (!tuned) {
            check(amqp_tune_connection(state, 0, frame_max, 0) == AMQP_STATUS_OK);
            tuned = true;
            continue;
        }
        if (read == nullptr) {
            check(is_meant(ours.error));
            break;
        }
        if (!read->decoded) {
            check(is_meant(read->error));
            break;
        }
        check_same(*read, frame);
        ++i;
        amqp_maybe_release_buffers(state);
    }
    amqp_destroy_connection(state);
}

#endif

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const Input whole = read_all(bytes, SIZE_MAX);
    const Input pieces = read_all(bytes, 1 + (size > 0 ? data[size - 1] % 9u : 0u));
    check(whole.frames == pieces.frames && whole.error.empty() == pieces.error.empty());
    assemble(whole);
    shake_hands(whole);
#ifdef TENDRIL_LIBRABBITMQ
    compare(whole, bytes);
#endif
    return 0;
}
